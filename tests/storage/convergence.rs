//! Any order, any duplicate, any batch, any restart: the same verdicts, the same facts, the same digest, and a feed with the
//! same net effect as the definition. Seeds are printed with a failure; one that failed is added to
//! `convergence.regressions`, which says how, and is tried first from then on.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dmpc::{ChannelId, OpKey, UserId, VerifiedOperation, kinds::Payload};
use dmpc_storage::{
    Genesis, Outcome, Reader, Source, Store, Submission, Verdict, Writer,
    projection::{definition::Definition, memory::Memory, work::Step},
    reader::Info,
};

use super::subscriber::{Feed, Subscriber};
use crate::support::{
    operations::Seeded,
    store::{audited, open_with_step},
    world::World,
};

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
pub(super) struct Truth {
    pub(super) state_digest: [u8; 32],
    pub(super) verdicts: BTreeMap<OpKey, Verdict>,
}

pub(super) fn truth<'a>(genesis: &Genesis, operations: impl Iterator<Item = &'a VerifiedOperation>) -> Truth {
    let sorted: BTreeMap<OpKey, &VerifiedOperation> = operations.map(|op| (op.key(), op)).collect();
    let mut definition = Definition::new(genesis);
    let verdicts = sorted.iter().map(|(key, op)| (*key, definition.fold(op).unwrap().verdict)).collect();
    Truth { state_digest: definition.digests().state_digest(genesis), verdicts }
}

/// A random order of arrival: shuffled, with duplicates, cut into batches.
pub(super) fn arrivals(rng: &mut Seeded, operations: &[VerifiedOperation]) -> Vec<Vec<VerifiedOperation>> {
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

/// Operations that a batch judges again at most, in one order of arrival or another.
const STEPS: [usize; 5] = [usize::MAX, 1, 2, 3, 7];

fn step(operations: usize) -> Step {
    Step { operations, bytes: usize::MAX }
}

/// Gives the number of ranges that the feed told.
fn check_in_memory(seed: u64) -> usize {
    let world = World::random(seed, 8 + usize::try_from(seed % 25).unwrap());
    let truth = truth(&world.genesis, world.operations.iter());
    let mut ranges = 0;
    for order in 0..MEMORY_ORDERS {
        let mut rng = Seeded::new(seed, &format!("order {order}"));
        let step = step(STEPS[usize::try_from(order).unwrap() % STEPS.len()]);
        let mut memory = Memory::new(&world.genesis);
        let (mut feed, mut subscriber) = (Feed::default(), Subscriber::default());
        for batch in arrivals(&mut rng, &world.operations) {
            for operation in &batch {
                if !subscriber.knows(operation) {
                    subscriber.learn(operation.clone());
                }
            }
            feed.tell(memory.begin(&batch, step));
            // Some steps, often not all: then the next batch is judged by a state that is not final.
            for _ in 0..rng.below(4) {
                memory.step(step).into_iter().for_each(|told| feed.tell(told));
            }
            if memory.is_settled() {
                subscriber.hear(&feed.publish());
                assert_eq!(subscriber.believes(), applied(&memory), "feed of seed {seed}, order {order}");
            }
        }
        while let Some(told) = memory.step(step) {
            feed.tell(told);
        }
        subscriber.hear(&feed.publish());
        ranges += subscriber.ranges;
        let verdicts: BTreeMap<OpKey, Verdict> =
            memory.records().iter().map(|(key, record)| (*key, record.verdict)).collect();
        assert_eq!(verdicts, truth.verdicts, "verdicts of seed {seed}, order {order}");
        let digest = memory.digests().state_digest(&world.genesis);
        assert_eq!(digest, truth.state_digest, "digest of seed {seed}, order {order}");
        assert_eq!(subscriber.believes(), applied(&memory), "feed of seed {seed}, order {order}");
    }
    ranges
}

fn applied(memory: &Memory) -> Vec<OpKey> {
    memory.records().iter().filter(|(_, record)| record.verdict.is_applied()).map(|(key, _)| *key).collect()
}

/// The number of orders that a soak wants.
fn soak() -> Option<u64> {
    env::var("DMPC_SOAK_ORDERS").ok().map(|orders| orders.parse().expect("DMPC_SOAK_ORDERS is a number"))
}

/// Worlds that are tried, by as many threads as there are cores.
struct Course {
    worlds: u64,
    /// The seed of the next one.
    next: AtomicU64,
    /// Worlds that are done, and ranges that their feeds told.
    done: AtomicU64,
    ranges: AtomicU64,
}

impl Course {
    fn work(&self) {
        let _last = Last(self);
        while let Some(seed) = Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < self.worlds) {
            self.ranges.fetch_add(u64::try_from(check_in_memory(seed)).unwrap(), Ordering::Relaxed);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says how far it is, now and then, until there is nothing left to begin.
    fn report(&self) {
        let start = Instant::now();
        let mut said = start;
        loop {
            thread::sleep(Duration::from_millis(100));
            let is_over = self.next.load(Ordering::Relaxed) >= self.worlds;
            if is_over || said.elapsed() >= PROGRESS {
                said = Instant::now();
                let done = self.done.load(Ordering::Relaxed) * MEMORY_ORDERS;
                let rate = f64::from(u32::try_from(done).unwrap()) / start.elapsed().as_secs_f64() * 60.0;
                eprintln!("{done} of {} orders, {rate:.0} a minute", self.worlds * MEMORY_ORDERS);
            }
            if is_over {
                return;
            }
        }
    }
}

/// Ends the work of all when that of one fails.
struct Last<'a>(&'a Course);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.next.store(self.0.worlds, Ordering::Relaxed);
        }
    }
}

#[test]
fn in_memory_every_order_and_size_of_steps_gives_what_the_definition_says() {
    for seed in regressions("memory") {
        check_in_memory(seed);
    }
    let soak = soak();
    let worlds = soak.unwrap_or(MEMORY_CASES).div_ceil(MEMORY_ORDERS);
    let [next, done, ranges] = [0; 3].map(AtomicU64::new);
    let course = Course { worlds, next, done, ranges };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| course.work());
        }
        if soak.is_some() {
            course.report();
        }
    });
    let ranges = course.ranges.into_inner();
    assert!(ranges > worlds / 100, "only {ranges} ranges were told");
}

/// The operations that end in the log: those whose certifier is known in the end, as admission says.
pub(super) fn admitted(genesis: &Genesis, operations: &[VerifiedOperation]) -> Vec<VerifiedOperation> {
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

/// A store that is fed in a random order, and restarted now and then, in the middle of a re-judgement too.
struct Fed {
    path: PathBuf,
    step: Step,
    writer: Writer,
    reader: Reader,
    /// What readers saw when nothing was to be judged again.
    settled: Info,
}

impl Fed {
    fn new(path: PathBuf, genesis: &Genesis, step: Step) -> Self {
        Store::init(&path, genesis).unwrap();
        let (writer, reader) = open_with_step(&path, step);
        let settled = reader.info().unwrap();
        Self { path, step, writer, reader, settled }
    }

    fn commit(&mut self, batch: &[VerifiedOperation]) -> Vec<Outcome> {
        let submissions: Vec<Submission> =
            batch.iter().map(|op| Submission { operation: op.clone(), source: Source([1; 16]) }).collect();
        let was_rejudging = self.writer.rejudging().is_some();
        let outcomes = self.writer.commit(&submissions, crate::support::operations::at(1_000).millis()).unwrap();
        if was_rejudging {
            self.look();
        } else {
            // A commit may write several batches: its own, and those of what was kept aside.
            self.settled = self.reader.info().unwrap();
        }
        outcomes
    }

    /// A step, if there is one to do.
    fn step(&mut self) -> bool {
        let is_done = self.writer.step().unwrap().is_some();
        self.look();
        is_done
    }

    /// Readers see the state of before, as long as something is to be judged again.
    fn look(&mut self) {
        let seen = self.reader.info().unwrap();
        match self.writer.rejudging() {
            Some(_) => assert_eq!(seen, self.settled, "readers see half of a re-judgement"),
            None => self.settled = seen,
        }
    }

    fn restart(self, cleanly: bool) -> Self {
        let Self { path, step, writer, reader, .. } = self;
        drop(reader);
        if cleanly {
            writer.close().unwrap();
        } else {
            drop(writer);
        }
        let (writer, reader) = open_with_step(&path, step);
        assert_eq!(writer.rejudging(), None, "a store is open when nothing is to be judged again");
        let settled = reader.info().unwrap();
        Self { path, step, writer, reader, settled }
    }

    /// What the feeds of all channels make of it, with the operations in the log.
    fn believes(&self, operations: &[VerifiedOperation]) -> Vec<OpKey> {
        let mut subscriber = Subscriber::default();
        operations.iter().for_each(|operation| subscriber.learn(operation.clone()));
        let channels: BTreeSet<ChannelId> = operations.iter().filter_map(|operation| operation.channel()).collect();
        for channel in channels {
            let mut cursor = Bytes::new();
            loop {
                let events = self.reader.events(&channel, &cursor, 3).unwrap().events;
                let Some(last) = events.last() else { break };
                cursor = last.cursor.clone();
                events.iter().for_each(|event| subscriber.read(event));
            }
        }
        subscriber.believes()
    }
}

/// Feeds a world to a store in a random order, restarting it now and then, and offering refused operations again.
fn check_on_rocksdb(seed: u64) {
    let world = World::random(seed, 8 + usize::try_from(seed % 25).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut rng = Seeded::new(seed, "store");
    let step = step(STEPS[rng.below(STEPS.len())]);
    let mut store = Fed::new(path.clone(), &world.genesis, step);
    let mut refused: BTreeSet<OpKey> = BTreeSet::new();
    for batch in arrivals(&mut rng, &world.operations) {
        for (operation, outcome) in batch.iter().zip(store.commit(&batch)) {
            match outcome {
                Outcome::Refused(_) => refused.insert(operation.key()),
                _ => refused.remove(&operation.key()),
            };
        }
        for _ in 0..rng.below(4) {
            store.step();
        }
        if rng.below(8) == 0 {
            // Half the time without closing, as after a crash.
            store = store.restart(rng.below(2) == 0);
        }
    }
    while store.step() {}
    let offered: Vec<VerifiedOperation> =
        world.operations.iter().filter(|op| !refused.contains(&op.key())).cloned().collect();
    let logged = admitted(&world.genesis, &offered);
    let truth = truth(&world.genesis, logged.iter());
    let is_applied =
        |op: &&VerifiedOperation| truth.verdicts.get(&op.key()).is_some_and(|verdict| verdict.is_applied());
    let applied = logged.iter().filter(|op| op.channel().is_some()).filter(is_applied);
    let applied: BTreeSet<OpKey> = applied.map(|op| op.key()).collect();
    assert_eq!(store.believes(&logged), applied.into_iter().collect::<Vec<_>>(), "feed of seed {seed}");
    drop(store);
    // Every family too, whatever the order of arrival.
    let report = audited(&path);
    assert_eq!(report.stored_state_digest, Some(truth.state_digest), "digest of seed {seed}");
    assert_eq!(report.operations, u64::try_from(truth.verdicts.len()).unwrap(), "log of seed {seed}");
}

#[test]
fn on_rocksdb_every_order_restart_and_size_of_steps_gives_what_the_definition_says() {
    regressions("rocksdb").into_iter().chain(0..STORE_CASES).for_each(check_on_rocksdb);
}
