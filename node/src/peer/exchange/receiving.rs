//! What the other node hands over: looked at, handed to ingest, and what became of it told.

use std::collections::VecDeque;

use bytes::Bytes;
use dmpc::{
    OpId, OpKey, SignedOperation,
    error::Classified,
    peer::{OutcomeKind, Outcomes},
    wire::schemas::PEER_OUTCOMES_MAX,
};

use super::{
    bounds::{WINDOW_BYTES, WINDOW_OPERATIONS},
    refusals::Memory,
    sending::Broken,
    status::Status,
};

/// Operations that are to go through ingest, together and in their order.
#[derive(Clone, Debug)]
pub struct Handed {
    /// Counts from 1. [`super::Exchange::ingested`] is told it, in this order.
    pub number: u64,
    /// Well-formed operations whose signatures were not verified yet; at least one, at most 256.
    pub operations: Vec<SignedOperation>,
}

/// What became of an operation, with a stable word for those that were not kept.
pub type Told = (OutcomeKind, Option<String>);

/// What was received and is not answered.
#[derive(Debug)]
pub(super) struct Receiving {
    window: (usize, usize),
    last: u64,
    ready: VecDeque<Handed>,
    batches: VecDeque<Received>,
    told: VecDeque<(Told, usize)>,
    /// Operations and bytes whose outcome was not told yet.
    open: (usize, usize),
    /// Of these, those that were wanted.
    wanted: usize,
}

#[derive(Debug)]
struct Received {
    number: u64,
    /// Those that wait for ingest have no outcome yet.
    entries: Vec<Entry>,
    is_wanted: bool,
    is_done: bool,
}

#[derive(Debug)]
struct Entry {
    key: Option<OpKey>,
    bytes: usize,
    told: Option<Told>,
}

/// What is made of an operation before ingest sees it.
pub(super) enum Look {
    /// Ingest sees it.
    Take,
    /// Nobody asked for it.
    Unasked,
}

impl Receiving {
    pub(super) fn new(operations: u32, bytes: u32) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let window = (size(operations.clamp(1, WINDOW_OPERATIONS)), size(bytes.min(WINDOW_BYTES)));
        Self {
            window,
            last: 0,
            ready: VecDeque::new(),
            batches: VecDeque::new(),
            told: VecDeque::new(),
            open: (0, 0),
            wanted: 0,
        }
    }

    /// Takes operations; `look` says of each whether anybody asked for it. Gives the ids of those that ingest will see.
    pub(super) fn take(
        &mut self,
        operations: Vec<Bytes>,
        is_wanted: bool,
        status: &mut Status,
        mut look: impl FnMut(&SignedOperation) -> Look,
    ) -> Result<Vec<OpId>, Broken> {
        let bytes: usize = operations.iter().map(Bytes::len).sum();
        let is_alone = self.open.0 == 0 && operations.len() == 1;
        self.open = (self.open.0 + operations.len(), self.open.1 + bytes);
        if self.open.0 > self.window.0 || self.open.1 > self.window.1 && !is_alone {
            return Err(Broken("more operations than the window"));
        }
        self.wanted += if is_wanted { operations.len() } else { 0 };
        let (mut entries, mut handed) = (Vec::with_capacity(operations.len()), Vec::new());
        for operation in operations {
            let bytes = operation.len();
            let mut entry = Entry { key: None, bytes, told: None };
            match SignedOperation::decode(operation) {
                Err(error) => {
                    status.offences.bad += 1;
                    entry.told = Some((OutcomeKind::Bad, Some(error.reason().to_owned())));
                }
                Ok(operation) => {
                    entry.key = Some(operation.key());
                    match look(&operation) {
                        Look::Take => handed.push(operation),
                        Look::Unasked => {
                            status.offences.unasked += 1;
                            entry.told = Some((OutcomeKind::Refused, Some("unasked".to_owned())));
                        }
                    }
                }
            }
            entries.push(entry);
        }
        self.last += 1;
        let (number, is_done) = (self.last, handed.is_empty());
        let ids = handed.iter().map(SignedOperation::id).collect();
        self.batches.push_back(Received { number, entries, is_wanted, is_done });
        if is_done {
            self.conclude(status);
        } else {
            self.ready.push_back(Handed { number, operations: handed });
        }
        Ok(ids)
    }

    /// What ingest is to see next.
    pub(super) fn next(&mut self) -> Option<Handed> {
        self.ready.pop_front()
    }

    /// What became of the operations of a number; gives the ids of those that were not kept. Others than those that were
    /// handed to ingest are passed over.
    pub(super) fn ingested(
        &mut self,
        number: u64,
        outcomes: Vec<Told>,
        memory: &mut Memory,
        status: &mut Status,
    ) -> Vec<OpId> {
        let Some(batch) = self.batches.iter_mut().find(|batch| batch.number == number && !batch.is_done) else {
            return Vec::new();
        };
        let mut outcomes = outcomes.into_iter();
        let mut lost = Vec::new();
        let now = memory.reconciliations;
        for entry in batch.entries.iter_mut().filter(|entry| entry.told.is_none()) {
            let told = outcomes.next().unwrap_or((OutcomeKind::Refused, Some("unknown".to_owned())));
            if let Some(key) = entry.key {
                match told.0 {
                    OutcomeKind::Bad => {
                        status.offences.bad += 1;
                        memory.here.ban(key.id);
                    }
                    OutcomeKind::Refused => {
                        // A message that came late is nobody's fault.
                        status.offences.useless += u64::from(told.1.as_deref() != Some("stale_epoch"));
                        memory.here.refuse(key.id, now);
                    }
                    OutcomeKind::Applied
                    | OutcomeKind::Pending
                    | OutcomeKind::Waiting
                    | OutcomeKind::Rejected
                    | OutcomeKind::Duplicate => memory.here.forget(&key.id),
                }
                if !told.0.is_kept() {
                    lost.push(key.id);
                    status.left.here.add(1, key.timestamp);
                }
            }
            entry.told = Some(told);
        }
        batch.is_done = true;
        self.conclude(status);
        lost
    }

    fn conclude(&mut self, status: &mut Status) {
        while self.batches.front().is_some_and(|batch| batch.is_done) {
            let Some(batch) = self.batches.pop_front() else { return };
            for entry in batch.entries {
                let told = entry.told.unwrap_or((OutcomeKind::Refused, Some("unknown".to_owned())));
                status.received.count(told.0);
                self.wanted = self.wanted.saturating_sub(usize::from(batch.is_wanted));
                self.told.push_back((told, entry.bytes));
            }
        }
    }

    /// Outcomes that are to be told.
    pub(super) fn outcomes(&mut self) -> Option<Outcomes> {
        let count = self.told.len().min(PEER_OUTCOMES_MAX);
        let (outcomes, bytes): (Vec<Told>, Vec<usize>) = self.told.drain(..count).unzip();
        self.open = (self.open.0.saturating_sub(count), self.open.1.saturating_sub(bytes.iter().sum()));
        (count > 0).then_some(Outcomes { outcomes })
    }

    /// Whether the outcome of everything that was wanted is known.
    pub(super) fn is_settled(&self) -> bool {
        self.wanted == 0
    }
}
