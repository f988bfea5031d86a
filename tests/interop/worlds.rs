//! Random worlds, folded in Python: the node gives each operation the same verdict, and comes to the same digests.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cli::house::House;

use super::{
    audits::{digest_of, replayed},
    python,
};

const WORLDS: u64 = 8;
const OPERATIONS: u64 = 500;
/// Every word of a verdict, and applied.
const VERDICTS: usize = 17;

#[test]
fn the_fold_in_python_gives_the_verdicts_and_digests_of_the_node() {
    let mut met = BTreeMap::<String, u64>::new();
    for seed in 0..WORLDS {
        let first = House::new();
        let second = House::with_root(&first.root().identity);
        let via = if seed % 2 == 0 { "grpc" } else { "ws" };
        let arguments = json!({ "other": python::addresses(&second), "seed": seed, "count": OPERATIONS });
        let world = python::run_at(&first, via, "world", &arguments);
        for (word, count) in world["words"].as_object().unwrap() {
            *met.entry(word.clone()).or_default() += count.as_u64().unwrap();
        }
        let channels = world["channels"].as_object().unwrap();
        assert!(!channels.is_empty());
        for house in [&first, &second] {
            let replayed = replayed(house);
            for (channel, digest) in channels {
                assert_eq!(*digest, digest_of(&replayed, channel), "seed {seed}");
            }
        }
    }
    assert_eq!(met.len(), VERDICTS, "{met:?}");
}
