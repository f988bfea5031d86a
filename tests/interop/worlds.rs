//! Random worlds, folded in Python: the node gives each operation the same verdict, and comes to the same digests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::house::House;

use super::{
    audits::{digests, replayed},
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
        let words = counts(&world["words"]);
        for (word, count) in &words {
            *met.entry(word.clone()).or_default() += count;
        }
        let channels = world["channels"].as_object().unwrap();
        let channels: BTreeMap<_, _> =
            channels.iter().map(|(id, digest)| (id.as_str(), digest.as_str().unwrap())).collect();
        assert!(channels.len() > 1);
        for house in [&first, &second] {
            let replayed = replayed(house);
            assert_eq!(digests(&replayed), channels, "seed {seed}");
            assert_eq!(replayed["digest"], world["state"], "seed {seed}");
            assert_eq!(counts_of_replay(&replayed), words, "seed {seed}");
        }
    }
    assert_eq!(met.len(), VERDICTS, "{met:?}");
}

/// How often each word was met.
fn counts(words: &Value) -> BTreeMap<String, u64> {
    words.as_object().unwrap().iter().map(|(word, count)| (word.clone(), count.as_u64().unwrap())).collect()
}

/// The same by `dmpc-cli replay`, which counts by kind too.
fn counts_of_replay(replayed: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in replayed["verdicts"].as_array().unwrap() {
        let word = Some(line["reason"].as_str().unwrap()).filter(|word| !word.is_empty()).unwrap_or("applied");
        *counts.entry(word.to_owned()).or_default() += line["count"].as_u64().unwrap();
    }
    counts
}
