//! The course of a fold: what is counted, remembered and explained on the way, one operation after another.

use std::collections::{BTreeMap, HashMap};

use dmpc::{ChannelId, Hlc, OpKey, SignedOperation, UserId, kinds::Kind, operation::OperationError};

use super::{
    explain::{Explanation, Wanted},
    fault::{Fault, Faults},
    members::Losses,
    people::{ChannelState, UserState, people},
    pipeline::{At, Decoded, Folded},
};
use crate::{
    Genesis, Verdict,
    checkpoint::Checkpoint,
    projection::{
        definition::{Definition, Fold},
        rules::Judgement,
    },
};

/// Operations of one certifier, in one channel or on users, of one kind and with one verdict.
pub type Row = (UserId, Option<ChannelId>, Kind, Verdict);

/// What had arrived when a checkpoint was taken, folded beside the whole log.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) checkpoint: Checkpoint,
    definition: Definition,
    operations: u64,
    /// What arrived afterwards, in the order of keys.
    later: std::iter::Peekable<std::vec::IntoIter<OpKey>>,
}

impl Earlier {
    pub(super) fn new(checkpoint: Checkpoint, genesis: &Genesis, mut later: Vec<OpKey>) -> Self {
        later.sort_unstable();
        let later = later.into_iter().peekable();
        Self { checkpoint, definition: Definition::new(genesis), operations: 0, later }
    }

    fn fold(&mut self, operation: &SignedOperation) {
        while self.later.next_if(|later| *later < operation.key()).is_some() {}
        if self.later.next_if_eq(&operation.key()).is_none() {
            // In order, since the fold of the whole log took it.
            self.definition.fold(operation).ok();
            self.operations += 1;
        }
    }

    /// What does not agree with the checkpoint.
    pub(super) fn finish(self, genesis: &Genesis) -> Faults {
        let mut faults = Faults::default();
        let (digests, operations) = (self.definition.digests(), self.operations);
        if digests.log_digest() != self.checkpoint.log_digest {
            faults.push(Fault::Checkpoint { digest: "log", operations });
        }
        if digests.state_digest(genesis) != self.checkpoint.state_digest {
            faults.push(Fault::Checkpoint { digest: "state", operations });
        }
        faults
    }
}

/// A fold in its course.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) fold: Fold,
    /// Entries of the log.
    pub(super) operations: u64,
    pub(super) tally: HashMap<Row, u64, foldhash::fast::RandomState>,
    pub(super) span: Option<(Hlc, Hlc)>,
    pub(super) greatest: OpKey,
    pub(super) losses: Losses,
    pub(super) earlier: Option<Earlier>,
    pub(super) wanted: Option<Wanted>,
    pub(super) explained: Vec<Explanation>,
    pub(super) until: Option<Hlc>,
    /// Users and channels as of `until`.
    pub(super) as_of: Option<(BTreeMap<UserId, UserState>, BTreeMap<ChannelId, ChannelState>)>,
    pub(super) faults: Faults,
}

impl Walk {
    pub(super) fn new(genesis: &Genesis) -> Self {
        Self {
            fold: Fold::new(genesis),
            operations: 0,
            tally: HashMap::default(),
            span: None,
            greatest: OpKey::MIN,
            losses: Losses::default(),
            earlier: None,
            wanted: None,
            explained: Vec::new(),
            until: None,
            as_of: None,
            faults: Faults::default(),
        }
    }

    /// Folds a chunk. What is no operation, or stands out of order, is a fault and left out.
    pub(super) fn fold(&mut self, chunk: &Decoded) -> Folded {
        chunk.iter().map(|(at, operation)| self.fold_one(*at, operation)).collect()
    }

    fn fold_one(&mut self, at: At, operation: &Result<SignedOperation, OperationError>) -> Option<Judgement> {
        self.operations += 1;
        let operation = match (operation, at) {
            (Ok(operation), _) => operation,
            (Err(error), At::Key(key)) => {
                self.greatest = key;
                self.faults.push(Fault::BadOperation { key, error: error.clone() });
                return None;
            }
            (Err(error), At::Byte(offset)) => {
                self.faults.push(Fault::BadFrame { offset, error: error.clone() });
                return None;
            }
        };
        let own = operation.key();
        let stored = if let At::Key(key) = at { key } else { own };
        self.greatest = stored;
        if own != stored {
            self.faults.push(Fault::Misplaced { stored, own });
        }
        if self.wanted.as_ref().is_some_and(|wanted| wanted.is(&own.id)) {
            self.explained.push(Explanation::of(operation, self.fold.state()));
        }
        self.stop_at(own.timestamp);
        let Ok(judgement) = self.fold.fold(operation) else {
            // In a database that is possible only for an operation at another key than its own: a fault already.
            if let At::Byte(offset) = at {
                self.faults.push(Fault::Disorder { key: own, offset });
            }
            return None;
        };
        self.count(operation, &judgement);
        Some(judgement)
    }

    /// Takes down users and channels before the first operation after the time that is asked for.
    fn stop_at(&mut self, timestamp: Hlc) {
        if self.as_of.is_none() && self.until.is_some_and(|until| timestamp > until) {
            self.as_of = Some(people(self.fold.state()));
        }
    }

    fn count(&mut self, operation: &SignedOperation, judgement: &Judgement) {
        let key = operation.key();
        if self.as_of.is_none() {
            let row = (operation.certifier(), operation.channel(), operation.kind(), judgement.verdict);
            *self.tally.entry(row).or_default() += 1;
            self.span = Some((self.span.map_or(key.timestamp, |(first, _)| first), key.timestamp));
        }
        for (register, value) in &judgement.writes {
            self.losses.note(register, &key, value);
        }
        if let Some(earlier) = &mut self.earlier {
            earlier.fold(operation);
        }
    }
}
