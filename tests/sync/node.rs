//! A node in memory: the engine over plain maps, and of admission what decides about logging: operations that are there
//! already, of unknown certifiers, and ahead of the clock. Accounts of operations without effect and stale epochs are not in
//! it. What is logged survives a crash, as it does on a disk that syncs; what waits does too; all else is lost.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{OpKey, SignedOperation, UserId, VerifiedOperation, kinds::Payload, peer::OutcomeKind};
use dmpc_node::peer::exchange::Told;
use dmpc_storage::{Genesis, Verdict, projection::memory::Memory};

use super::book::Book;

/// Milliseconds by which a timestamp may be ahead of the clock.
const AHEAD: u64 = 5;
/// Operations that may wait for one source.
const WAITING_MAX: usize = 6;

/// A node.
pub(super) struct Node {
    genesis: Genesis,
    engine: Memory,
    pub(super) book: Book,
    known: BTreeSet<UserId>,
    /// What waits, with its source.
    waiting: BTreeMap<OpKey, (usize, VerifiedOperation)>,
    /// Counts crashes.
    pub(super) lives: u64,
    pub(super) is_up: bool,
    /// Milliseconds by which its clock is late.
    pub(super) late: u64,
}

/// Operations that were made by those who have the keys, by their keys: looked up instead of verified again.
pub(super) type Authentic = BTreeMap<OpKey, VerifiedOperation>;

impl Node {
    pub(super) fn new(genesis: &Genesis, late: u64) -> Self {
        let known = genesis.roots.iter().map(|root| root.user).collect();
        let engine = Memory::new(genesis);
        let (book, waiting) = (Book::default(), BTreeMap::new());
        let mut node = Self { genesis: genesis.clone(), engine, book, known, waiting, lives: 0, is_up: true, late };
        node.sum_up();
        node
    }

    pub(super) fn roots(&self) -> [u8; 32] {
        self.genesis.roots_digest()
    }

    pub(super) fn state_digest(&self) -> [u8; 32] {
        self.engine.digests().state_digest(&self.genesis)
    }

    fn sum_up(&mut self) {
        self.book.set_state_digest(self.state_digest());
    }

    /// Takes operations, as the writer takes a batch. `clock` is what the time is, in milliseconds since 1970.
    pub(super) fn commit(
        &mut self,
        operations: Vec<SignedOperation>,
        authentic: &Authentic,
        source: usize,
        clock: u64,
    ) -> Vec<Told> {
        let mut keys = Vec::with_capacity(operations.len());
        let mut batch = Vec::new();
        for operation in operations {
            let key = operation.key();
            let known = authentic.get(&key).filter(|known| known.bytes() == operation.bytes()).cloned();
            let told = match known.ok_or(()).or_else(|()| operation.verify()) {
                Ok(operation) => self.admit(operation, source, clock, &mut batch),
                Err(_) => Some((OutcomeKind::Bad, Some("bad_signature".to_owned()))),
            };
            keys.push((key, told));
        }
        self.engine.absorb(&batch);
        self.release(clock);
        keys.into_iter().map(|(key, told)| told.unwrap_or_else(|| self.judged(&key))).collect()
    }

    fn judged(&self, key: &OpKey) -> Told {
        let kind = match self.engine.records().get(key).map(|record| record.verdict) {
            Some(Verdict::Applied) => OutcomeKind::Applied,
            Some(Verdict::Pending(_)) => OutcomeKind::Pending,
            Some(Verdict::Rejected(_)) => OutcomeKind::Rejected,
            None => panic!("an operation without a verdict"),
        };
        (kind, None)
    }

    /// Puts an operation into the log, or says why not.
    fn admit(
        &mut self,
        operation: VerifiedOperation,
        source: usize,
        clock: u64,
        batch: &mut Vec<VerifiedOperation>,
    ) -> Option<Told> {
        let key = operation.key();
        if self.book.has(&key) || self.waiting.contains_key(&key) {
            return Some((OutcomeKind::Duplicate, None));
        }
        if self.may_be_logged(&operation, clock) {
            self.log(operation, batch);
            return None;
        }
        if self.waiting.values().filter(|(other, _)| *other == source).count() >= WAITING_MAX {
            return Some((OutcomeKind::Refused, Some("overloaded".to_owned())));
        }
        self.waiting.insert(key, (source, operation));
        Some((OutcomeKind::Waiting, None))
    }

    fn may_be_logged(&self, operation: &VerifiedOperation, clock: u64) -> bool {
        self.known.contains(&operation.certifier()) && operation.key().timestamp.millis() <= clock + AHEAD
    }

    fn log(&mut self, operation: VerifiedOperation, batch: &mut Vec<VerifiedOperation>) {
        if let Payload::UserCreate(create) = operation.payload() {
            self.known.insert(create.user);
        }
        self.book.insert(operation.key(), operation.channel(), operation.bytes().clone());
        batch.push(operation);
    }

    /// Logs what waited and need not any more; says whether there was anything.
    pub(super) fn release(&mut self, clock: u64) -> bool {
        let before = self.waiting.len();
        loop {
            let due = self.waiting.iter().find(|(_, (_, operation))| self.may_be_logged(operation, clock));
            let Some(key) = due.map(|(key, _)| *key) else { break };
            let Some((_, operation)) = self.waiting.remove(&key) else { break };
            let mut batch = Vec::new();
            self.log(operation, &mut batch);
            self.engine.absorb(&batch);
        }
        self.sum_up();
        self.waiting.len() < before
    }
}
