//! What two logs disagree on is what folding each of them says, operation by operation and in the order of keys.

use std::{collections::BTreeMap, path::Path};

use dmpc::{OpKey, SignedOperation, VerifiedOperation};
use dmpc_storage::{
    Genesis, Source, Store, StoreError, Submission, Verdict,
    export::export,
    projection::definition::Definition,
    replay::{Disagreeing, Disagreement, Side, diff},
};

use crate::support::{
    operations::{Seeded, at},
    store::open,
    world::World,
};

fn store_of(path: &Path, genesis: &Genesis, operations: &[VerifiedOperation]) {
    Store::init(path, genesis).unwrap();
    let (mut writer, _reader) = open(path);
    for batch in operations.chunks(11) {
        let offered =
            batch.iter().map(|operation| Submission { operation: operation.clone(), source: Source([1; 16]) });
        writer.commit(&offered.collect::<Vec<_>>(), at(1_000).millis()).unwrap();
    }
    writer.close().unwrap();
}

/// The verdicts of a log by the definition.
fn verdicts(path: &Path, genesis: &Genesis) -> BTreeMap<OpKey, Verdict> {
    let scratch = tempfile::tempdir().unwrap();
    let mut definition = Definition::new(genesis);
    let mut verdicts = BTreeMap::new();
    let each = |key, bytes| {
        let operation = SignedOperation::decode(bytes).unwrap();
        verdicts.insert(key, definition.fold(&operation).unwrap().verdict);
        true
    };
    export(path, scratch.path(), each).unwrap();
    verdicts
}

fn differences(one: &Path, other: &Path) -> Vec<Disagreeing> {
    let (scratch, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut found = Vec::new();
    let each = |disagreeing| {
        found.push(disagreeing);
        Ok::<_, StoreError>(())
    };
    diff((one, other), (scratch.path(), second.path()), each, |_, _| {}).unwrap();
    found
}

#[test]
fn the_disagreements_of_two_logs_are_those_of_their_folds() {
    let mut met = [0; 3];
    for seed in 0..40 {
        let world = World::random(seed, 60);
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (directory.path().join("one"), directory.path().join("other"));
        let mut rng = Seeded::new(seed, "differences");
        let part = |rng: &mut Seeded| {
            let kept = world.operations.iter().filter(|_| rng.below(8) > 0);
            kept.cloned().collect::<Vec<_>>()
        };
        store_of(&one, &world.genesis, &part(&mut rng));
        store_of(&other, &world.genesis, &part(&mut rng));
        let (here, there) = (verdicts(&one, &world.genesis), verdicts(&other, &world.genesis));
        let mut expected = BTreeMap::new();
        for key in here.keys().chain(there.keys()) {
            match (here.get(key), there.get(key)) {
                (Some(here), Some(there)) if here != there => {
                    expected.insert(*key, Disagreement::Verdicts(*here, *there));
                }
                (Some(verdict), None) => drop(expected.insert(*key, Disagreement::Only(Side::Here, *verdict))),
                (None, Some(verdict)) => drop(expected.insert(*key, Disagreement::Only(Side::There, *verdict))),
                (_, _) => {}
            }
        }
        for how in expected.values() {
            met[match how {
                Disagreement::Only(Side::Here, _) => 0,
                Disagreement::Only(Side::There, _) => 1,
                Disagreement::Verdicts(..) | Disagreement::Signatures(_) => 2,
            }] += 1;
        }
        let found: Vec<_> = differences(&one, &other).into_iter().map(|found| (found.key, found.how)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "seed {seed}");
        assert!(differences(&one, &one).is_empty(), "seed {seed}");
    }
    assert!(met.iter().all(|count| *count > 20), "{met:?}");
}
