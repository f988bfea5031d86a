//! Any order, any duplicate, any batch, any restart: the same verdicts, the same facts, the same digest, and a feed with the
//! same net effect as the definition. Seeds are printed with a failure; one that failed is added to
//! `convergence.regressions`, which says how, and is tried first from then on.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use dmpc::{
    OpKey, UserId, VerifiedOperation,
    kinds::{Kind, Payload},
};
use dmpc_storage::{
    Genesis, Outcome, Source, Store, Submission, Verdict,
    projection::{definition::Definition, engine::Event, memory::Memory},
    reader::Change,
    replay::{self, replay},
};

use crate::support::{operations::Seeded, store::open, world::World};

/// Orders of arrival that are tried in memory, unless `DMPC_SOAK_ORDERS` says another number; and those of each world.
const MEMORY_CASES: u64 = 20_000;
const MEMORY_ORDERS: u64 = 10;
/// Cases on RocksDB.
const STORE_CASES: u64 = 500;
/// How often a soak says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

/// Seeds that found something once, of worlds in memory or on RocksDB.
fn regressions(on: &str) -> Vec<u64> {
    let lines = include_str!("convergence.regressions").lines().map(|line| line.split('#').next().unwrap().trim());
    let seeds = lines.filter(|line| !line.is_empty()).filter_map(|line| {
        let (place, seed) = line.split_once(' ').expect("a line is a place and a seed");
        assert!(["memory", "rocksdb"].contains(&place), "{place} is no place");
        (place == on).then(|| seed.trim().parse().expect("a seed is a number"))
    });
    seeds.collect()
}

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

/// The number of orders that a soak wants.
fn soak() -> Option<u64> {
    env::var("DMPC_SOAK_ORDERS").ok().map(|orders| orders.parse().expect("DMPC_SOAK_ORDERS is a number"))
}

/// Says how far a soak is, in orders, until all worlds are done.
fn report(next: &AtomicU64, worlds: u64) {
    let start = Instant::now();
    let mut said = start;
    loop {
        thread::sleep(Duration::from_millis(100));
        let done = next.load(Ordering::Relaxed).min(worlds) * MEMORY_ORDERS;
        let is_over = done >= worlds * MEMORY_ORDERS;
        if is_over || said.elapsed() >= PROGRESS {
            said = Instant::now();
            let minutes = start.elapsed().as_secs_f64() / 60.0;
            let rate = f64::from(u32::try_from(done).unwrap()) / minutes;
            eprintln!("{done} of {} orders, {rate:.0} a minute", worlds * MEMORY_ORDERS);
        }
        if is_over {
            return;
        }
    }
}

/// Ends the work of all when one fails.
struct Last<'a> {
    next: &'a AtomicU64,
    worlds: u64,
}

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.next.store(self.worlds, Ordering::Relaxed);
        }
    }
}

#[test]
fn in_memory_every_order_gives_what_the_definition_says() {
    regressions("memory").into_iter().for_each(check_in_memory);
    let soak = soak();
    let worlds = soak.unwrap_or(MEMORY_CASES).div_ceil(MEMORY_ORDERS);
    let next = AtomicU64::new(0);
    let work = || {
        let _last = Last { next: &next, worlds };
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < worlds) {
            check_in_memory(seed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
        if soak.is_some() {
            report(&next, worlds);
        }
    });
}

/// What worlds hold, counted: verdicts, events, and the situations that make them.
#[derive(Debug, Default)]
struct Coverage {
    verdicts: BTreeMap<Verdict, usize>,
    applied: BTreeMap<Kind, usize>,
    events: BTreeMap<&'static str, usize>,
    situations: BTreeMap<&'static str, usize>,
}

fn name(change: Change) -> &'static str {
    match change {
        Change::Message => "message",
        Change::Opened => "opened",
        Change::Closed => "closed",
        Change::Members => "members",
        Change::User => "user",
        Change::Epoch => "epoch",
        Change::Retracted(_) => "retracted",
        Change::Restored => "restored",
    }
}

impl Coverage {
    fn see(&mut self, seed: u64) {
        let world = World::random(seed, 32);
        let verdicts = truth(&world.genesis, world.operations.iter()).verdicts;
        for operation in &world.operations {
            let verdict = verdicts[&operation.key()];
            *self.verdicts.entry(verdict).or_default() += 1;
            if verdict.is_applied() {
                *self.applied.entry(operation.kind()).or_default() += 1;
                applied_situations(operation).into_iter().for_each(|situation| self.situation(situation));
            }
        }
        let mut memory = Memory::new(&world.genesis);
        let mut batches = arrivals(&mut Seeded::new(seed, "coverage"), &world.operations);
        for event in batches.iter().flat_map(|batch| memory.absorb(batch)) {
            *self.events.entry(name(event.change)).or_default() += 1;
        }
        // Of the set as a whole.
        let distinct: BTreeMap<OpKey, &VerifiedOperation> = world.operations.iter().map(|op| (op.key(), op)).collect();
        let times: BTreeSet<_> = distinct.keys().map(|key| key.timestamp).collect();
        let place =
            |op: &&VerifiedOperation| (op.certifier(), *op.certifier_key().as_bytes(), op.link().lane, op.link().seq);
        let places: BTreeSet<_> = distinct.values().map(place).collect();
        let known = admitted(&world.genesis, &world.operations).len();
        let arrived: usize = batches.iter_mut().map(|batch| batch.len()).sum();
        let whole = [
            ("equal timestamps", times.len() < distinct.len()),
            ("equivocation", places.len() < distinct.len()),
            ("unknown users", known < world.operations.len()),
            ("duplicates", arrived > distinct.len()),
            ("batches of several", batches.iter().any(|batch| batch.len() > 1)),
        ];
        whole.into_iter().filter(|(_, is)| *is).for_each(|(situation, _)| self.situation(situation));
    }

    fn situation(&mut self, situation: &'static str) {
        *self.situations.entry(situation).or_default() += 1;
    }
}

/// What an applied operation is an example of.
fn applied_situations(operation: &VerifiedOperation) -> Vec<&'static str> {
    let mut situations = Vec::new();
    let mut note = |is: bool, situation| situations.extend(is.then_some(situation));
    note(operation.issue().is_some(), "certified by another");
    match operation.payload() {
        Payload::UserCreate(create) => {
            note(create.user == operation.issuer() && operation.issue().is_some(), "invitation");
        }
        Payload::UserUpdate(update) => {
            note(update.signing_key.is_some(), "rotation");
            note(update.active == Some(false), "deactivation");
            note(update.active == Some(true), "reactivation");
            note(!update.grant.is_empty(), "grant");
            note(!update.revoke.is_empty(), "revocation");
        }
        Payload::ChannelMembers(members) => {
            note(!members.set.is_empty(), "member set");
            note(!members.remove.is_empty(), "member removed");
        }
        Payload::ChannelOpen(_) | Payload::ChannelEpoch(_) | Payload::ChannelMessage(_) | Payload::ChannelClose => {}
    }
    situations
}

#[test]
fn worlds_have_every_verdict_every_event_and_every_situation() {
    let mut coverage = Coverage::default();
    (0..600).for_each(|seed| coverage.see(seed));
    let missing = |what: &str, wanted: &[&'static str], found: Vec<&'static str>| {
        let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(name)).collect();
        assert!(missing.is_empty(), "no {what} {missing:?} in {coverage:#?}");
    };
    let verdicts: Vec<&'static str> = (0..=u8::MAX).filter_map(Verdict::from_code).map(Verdict::word).collect();
    missing("verdict", &verdicts, coverage.verdicts.keys().map(|verdict| verdict.word()).collect());
    let events = ["message", "opened", "closed", "members", "user", "epoch", "retracted", "restored"];
    missing("event", &events, coverage.events.keys().copied().collect());
    let situations = [
        "certified by another",
        "invitation",
        "rotation",
        "deactivation",
        "reactivation",
        "grant",
        "revocation",
        "member set",
        "member removed",
        "equal timestamps",
        "equivocation",
        "unknown users",
        "duplicates",
        "batches of several",
    ];
    missing("situation", &situations, coverage.situations.keys().copied().collect());
    assert_eq!(coverage.applied.len(), Kind::ALL.len(), "every kind takes effect: {coverage:#?}");
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
    regressions("rocksdb").into_iter().chain(0..STORE_CASES).for_each(check_on_rocksdb);
}
