//! The fold of a whole log on all cores: chunks of it are decoded and verified beside each other, folded one after another,
//! and accounted for beside each other again.

use std::{
    collections::VecDeque,
    num::NonZero,
    sync::mpsc,
    thread::{self, Scope, ScopedJoinHandle},
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use dmpc::{
    Hlc, OpKey, SignedOperation,
    keys::{Check, verify_batch},
    operation::OperationError,
};
use rand_core::{CryptoRng, RngCore, impls};

use super::{expected::Expected, fault::Fault, fault::Faults};
use crate::{
    StoreError,
    db::{Db, Scan},
    families::{Family, log},
    projection::{definition::Sums, rules::Judgement},
    views,
};

/// Operations of a chunk: as many signatures are verified in one batch, and the more they are, the less each costs.
const CHUNK_OPERATIONS: usize = 2_048;
/// Bytes of a chunk; one more operation may go over it.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Chunks under way, for each core.
const CHUNKS_PER_CORE: usize = 3;

/// What workers do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duties {
    /// Verify signatures.
    pub(super) signatures: bool,
    /// Compare every family.
    pub(super) families: bool,
    /// The digest of each channel.
    pub(super) channels: bool,
    /// Digests are wanted; they are not when entries are looked at a second time.
    pub(super) sums: bool,
    /// Up to where digests are summed up apart.
    pub(super) until: Option<Hlc>,
}

/// Where an entry of a log stands: at a key, or, in an exported log, at a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Key(OpKey),
    Byte(u64),
}

/// Entries of a log that stand one after another, in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// Where each entry stands in the log, and where it ends among the bytes.
    ends: Vec<(At, usize)>,
}

impl Chunk {
    /// Adds the next entry.
    pub(super) fn push(&mut self, at: At, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push((at, self.bytes.len()));
    }

    /// Whether it has room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.ends.len() < CHUNK_OPERATIONS && self.bytes.len() < CHUNK_BYTES
    }

    fn decode(self) -> Decoded {
        let bytes = Bytes::from(self.bytes);
        let mut begin = 0;
        let decode = |(at, end)| (at, SignedOperation::decode(bytes.slice(std::mem::replace(&mut begin, end)..end)));
        self.ends.into_iter().map(decode).collect()
    }
}

/// A log that is read from its beginning to its end.
pub(super) trait LogEntries {
    /// Adds the next entries to a chunk, as long as it has room; nothing at the end.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be read.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<(), StoreError>;
}

/// A chunk, decoded: what stands at each place.
pub(super) type Decoded = Vec<(At, Result<SignedOperation, OperationError>)>;
/// What the fold says of each entry of a chunk; `None` of what was left out.
pub(super) type Folded = Vec<Option<Judgement>>;

enum Job {
    Decode(Chunk, mpsc::SyncSender<Decoded>),
    Account(Decoded, Folded),
}

/// One that decodes, verifies and accounts.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    pub(super) duties: Duties,
    /// Nothing, where no families are to be compared with.
    pub(super) expected: Option<Expected<'a>>,
    /// Up to the time that is asked for, and after it.
    pub(super) sums: (Sums, Sums),
    pub(super) faults: Faults,
    pub(super) random: Expansion,
    pub(super) failed: Option<StoreError>,
}

impl Worker<'_> {
    fn work(mut self, jobs: &Receiver<Job>) -> Self {
        for job in jobs {
            match job {
                Job::Decode(chunk, reply) => {
                    let decoded = self.decode(chunk);
                    // Whoever does not wait any more has failed already.
                    reply.send(decoded).ok();
                }
                Job::Account(decoded, folded) if self.failed.is_none() => {
                    self.failed = self.account(&decoded, &folded).err();
                }
                Job::Account(..) => {}
            }
        }
        self
    }

    fn decode(&mut self, chunk: Chunk) -> Decoded {
        let decoded = chunk.decode();
        if self.duties.signatures && self.duties.sums {
            let operations = || decoded.iter().filter_map(|(_, operation)| operation.as_ref().ok());
            let checks: Vec<Check> = operations().flat_map(SignedOperation::checks).collect();
            if verify_batch(&checks, &mut self.random).is_err() {
                let bad = operations().filter(|operation| operation.checks().any(|check| check.verify().is_err()));
                bad.for_each(|operation| self.faults.push(Fault::BadSignature(operation.key())));
            }
        }
        decoded
    }

    fn account(&mut self, decoded: &Decoded, folded: &Folded) -> Result<(), StoreError> {
        let operations = decoded.iter().map(|(_, operation)| operation.as_ref().ok());
        let judged = operations.zip(folded).filter_map(|(operation, judgement)| operation.zip(judgement.as_ref()));
        for (operation, judgement) in judged {
            if self.duties.sums {
                let is_after = self.duties.until.is_some_and(|until| operation.timestamp() > until);
                let sums = if is_after { &mut self.sums.1 } else { &mut self.sums.0 };
                sums.add(operation, judgement);
            }
            let Some(expected) = &mut self.expected else { continue };
            expected.verdict(operation, judgement)?;
            if self.duties.families {
                expected.rest(operation, judgement)?;
            }
        }
        Ok(())
    }
}

/// The workers of a pass, and what is under way.
pub(super) struct Pipeline<'scope, 'a> {
    jobs: Sender<Job>,
    workers: Vec<ScopedJoinHandle<'scope, Worker<'a>>>,
    waiting: VecDeque<mpsc::Receiver<Decoded>>,
}

impl<'scope, 'a: 'scope> Pipeline<'scope, 'a> {
    pub(super) fn start<'env>(scope: &'scope Scope<'scope, 'env>, workers: Vec<Worker<'a>>) -> Self {
        let (jobs, queue) = crossbeam_channel::bounded(workers.len() * CHUNKS_PER_CORE);
        let start = |worker: Worker<'a>| {
            let queue = queue.clone();
            scope.spawn(move || worker.work(&queue))
        };
        Self { jobs, workers: workers.into_iter().map(start).collect(), waiting: VecDeque::new() }
    }

    /// Folds a log: each chunk is given to `fold` in the order of the log, and what that gives back is accounted for.
    pub(super) fn run(
        mut self,
        entries: &mut impl LogEntries,
        mut fold: impl FnMut(&Decoded) -> Folded,
    ) -> Result<Vec<Worker<'a>>, StoreError> {
        let under_way = self.workers.len() * CHUNKS_PER_CORE;
        loop {
            let mut chunk = Chunk::default();
            entries.fill(&mut chunk)?;
            let is_end = chunk.ends.is_empty();
            if !is_end {
                let (reply, decoded) = mpsc::sync_channel(1);
                self.send(Job::Decode(chunk, reply))?;
                self.waiting.push_back(decoded);
            }
            while self.waiting.len() >= if is_end { 1 } else { under_way } {
                let Some(decoded) = self.waiting.pop_front() else { break };
                let decoded = decoded.recv().map_err(|_| gone())?;
                let folded = fold(&decoded);
                self.send(Job::Account(decoded, folded))?;
            }
            if is_end {
                break;
            }
        }
        drop(self.jobs);
        let joined = self.workers.into_iter().map(|worker| worker.join().map_err(|_| gone()));
        joined.map(|worker| worker.and_then(|mut worker| worker.failed.take().map_or(Ok(worker), Err))).collect()
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).map_err(|_| gone())
    }
}

/// A thread that ended before its work was done.
pub(super) fn gone() -> StoreError {
    StoreError::Io { context: "fold the log", message: "a thread ended early".to_owned() }
}

/// The log of a database.
pub(super) struct Logged<'a>(Scan<'a>);

impl<'a> Logged<'a> {
    pub(super) fn new(db: &'a Db) -> Result<Self, StoreError> {
        db.scan(Family::Log).map(Self)
    }
}

impl LogEntries for Logged<'_> {
    fn fill(&mut self, chunk: &mut Chunk) -> Result<(), StoreError> {
        while chunk.has_room()
            && let Some((key, value)) = self.0.entry()?
        {
            let key = log::parse_key(key).ok_or_else(|| views::damaged(Family::Log, "a key is short"))?;
            chunk.push(At::Key(key), value);
            self.0.advance();
        }
        Ok(())
    }
}

/// Cores of this machine.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Randomness of a worker, expanded from a seed by BLAKE3.
#[derive(Debug)]
pub(super) struct Expansion(blake3::OutputReader);

impl Expansion {
    pub(super) fn new(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self(blake3::Hasher::new_keyed(&seed).finalize_xof())
    }
}

impl RngCore for Expansion {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Expansion {}
