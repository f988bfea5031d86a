//! Any order, any duplicate, any batch, any restart: the same verdicts, the same facts, the same digest, and a feed with the
//! same net effect as the definition. Seeds are printed with a failure; a failing one is added to `REGRESSIONS`.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{OpKey, UserId, VerifiedOperation, kinds::Payload};
use dmpc_storage::{
    Genesis, Outcome, Source, Store, Submission, Verdict,
    projection::{definition::Definition, engine::Event, memory::Memory},
    reader::Change,
    replay::{self, replay},
};

use crate::support::{operations::Seeded, store::open, world::World};

/// Worlds, and orders of arrival of each: their product is the number of cases.
const MEMORY_WORLDS: u64 = 2_000;
const MEMORY_ORDERS: u64 = 10;
/// Cases on RocksDB.
const STORE_CASES: u64 = 500;
/// Seeds that failed once.
const REGRESSIONS: [u64; 0] = [];

/// What the definition says of a set of operations.
struct Truth {
    state_digest: [u8; 32],
    verdicts: BTreeMap<OpKey, Verdict>,
}

fn truth<'a>(genesis: &Genesis, operations: impl Iterator<Item = &'a VerifiedOperation>) -> Truth {
    let sorted: BTreeMap<OpKey, &VerifiedOperation> = operations.map(|op| (op.key(), op)).collect();
    let mut definition = Definition::new(genesis);
    let verdicts = sorted.iter().map(|(key, op)| (*key, definition.fold(op).unwrap().verdict)).collect();
    Truth { state_digest: definition.digests().state_digest(genesis), verdicts }
}

/// A random order of arrival: shuffled, with duplicates, cut into batches.
fn arrivals(rng: &mut Seeded, operations: &[VerifiedOperation]) -> Vec<Vec<VerifiedOperation>> {
    let mut order: Vec<VerifiedOperation> = operations.to_vec();
    for _ in 0..operations.len() / 4 {
        order.push(operations[rng.below(operations.len())].clone());
    }
    for last in (1..order.len()).rev() {
        order.swap(last, rng.below(last + 1));
    }
    let mut batches = Vec::new();
    while !order.is_empty() {
        let size = 1 + rng.below(order.len().min(8));
        batches.push(order.drain(..size).collect());
    }
    batches
}

/// Folds events into the set of arrivals that a subscriber takes for applied.
fn net_effect(events: &[Event]) -> BTreeSet<u64> {
    let mut applied = BTreeSet::new();
    for event in events {
        match event.change {
            Change::Retracted(_) => assert!(applied.remove(&event.arrival), "retracted without being announced"),
            _ => assert!(applied.insert(event.arrival), "announced twice"),
        }
    }
    applied
}

fn check_in_memory(seed: u64) {
    let world = World::random(seed, 8 + usize::try_from(seed % 25).unwrap());
    let truth = truth(&world.genesis, world.operations.iter());
    for order in 0..MEMORY_ORDERS {
        let mut rng = Seeded::new(seed, &format!("order {order}"));
        let mut memory = Memory::new(&world.genesis);
        let mut events = Vec::new();
        for batch in arrivals(&mut rng, &world.operations) {
            events.extend(memory.absorb(&batch));
        }
        let verdicts: BTreeMap<OpKey, Verdict> =
            memory.records().iter().map(|(key, record)| (*key, record.verdict)).collect();
        assert_eq!(verdicts, truth.verdicts, "verdicts of seed {seed}, order {order}");
        let digest = memory.digests().state_digest(&world.genesis);
        assert_eq!(digest, truth.state_digest, "digest of seed {seed}, order {order}");
        let applied = memory.records().values().filter(|record| record.verdict.is_applied());
        let applied: BTreeSet<u64> = applied.map(|record| record.arrival).collect();
        assert_eq!(net_effect(&events), applied, "feed of seed {seed}, order {order}");
    }
}

#[test]
fn in_memory_every_order_gives_what_the_definition_says() {
    REGRESSIONS.into_iter().chain(0..MEMORY_WORLDS).for_each(check_in_memory);
}

#[test]
fn worlds_exercise_every_verdict_that_rules_can_give() {
    let mut seen: BTreeMap<Verdict, usize> = BTreeMap::new();
    for seed in 0..300 {
        let world = World::random(seed, 30);
        for verdict in truth(&world.genesis, world.operations.iter()).verdicts.into_values() {
            *seen.entry(verdict).or_default() += 1;
        }
    }
    let all = (0..=u8::MAX).filter_map(Verdict::from_code);
    // A channel cannot be opened twice by chance: its id is a hash of a nonce. storage::rules holds that rule.
    let missing: Vec<Verdict> = all
        .filter(|verdict| !seen.contains_key(verdict) && verdict.word() != "channel_exists")
        .filter(|verdict| verdict.word() != "duplicate_issue")
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?}; seen: {seen:?}");
}

/// The operations that end in the log: those whose certifier is known in the end, as admission says.
fn admitted(genesis: &Genesis, operations: &[VerifiedOperation]) -> Vec<VerifiedOperation> {
    let mut known: BTreeSet<UserId> = genesis.roots.iter().map(|root| root.user).collect();
    loop {
        let before = known.len();
        for operation in operations.iter().filter(|op| known.contains(&op.certifier())).collect::<Vec<_>>() {
            if let Payload::UserCreate(create) = operation.payload() {
                known.insert(create.user);
            }
        }
        if known.len() == before {
            break;
        }
    }
    operations.iter().filter(|op| known.contains(&op.certifier())).cloned().collect()
}

/// Feeds a world to a store in a random order, restarting it now and then, and offering refused operations again.
fn check_on_rocksdb(seed: u64) {
    let world = World::random(seed, 8 + usize::try_from(seed % 25).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &world.genesis).unwrap();
    let mut rng = Seeded::new(seed, "store");
    let (mut writer, _) = open(&path);
    let now = crate::support::operations::at(1_000).millis();
    let mut refused: BTreeSet<OpKey> = BTreeSet::new();
    for batch in arrivals(&mut rng, &world.operations) {
        let submissions: Vec<Submission> =
            batch.iter().map(|op| Submission { operation: op.clone(), source: Source([1; 16]) }).collect();
        let outcomes = writer.commit(&submissions, now).unwrap();
        for (operation, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Refused(_) => refused.insert(operation.key()),
                _ => refused.remove(&operation.key()),
            };
        }
        if rng.below(8) == 0 {
            // Half the time without closing, as after a crash.
            if rng.below(2) == 0 {
                writer.close().unwrap();
            } else {
                drop(writer);
            }
            (writer, _) = open(&path);
        }
    }
    let offered: Vec<VerifiedOperation> =
        world.operations.iter().filter(|op| !refused.contains(&op.key())).cloned().collect();
    let truth = truth(&world.genesis, admitted(&world.genesis, &offered).iter());
    writer.close().unwrap();
    let scratch = directory.path().join("scratch");
    let report =
        replay(&path, &scratch, replay::Options { verify: true, ..Default::default() }, &mut rng, |_, _| {}).unwrap();
    assert!(report.agrees(), "replay of seed {seed}: {:?}", report.fault);
    assert_eq!(report.stored_state_digest, truth.state_digest, "digest of seed {seed}");
    assert_eq!(report.operations, u64::try_from(truth.verdicts.len()).unwrap(), "log of seed {seed}");
}

#[test]
fn on_rocksdb_every_order_and_restart_gives_what_the_definition_says() {
    (0..STORE_CASES).for_each(check_on_rocksdb);
}
