//! What is new in the own log since the exchange began: in the order of arrival, without what came from the other node.

use std::collections::{BTreeSet, VecDeque};

use dmpc::{OpId, OpKey};

use super::{
    bounds::{FRESH_MAX, KEYS_TOGETHER, RECEIVED_MAX},
    replica::Replica,
};

/// What is new.
#[derive(Debug)]
pub(super) struct Following {
    /// Operations of the log that were looked at.
    after: u64,
    fresh: VecDeque<OpKey>,
    received: BTreeSet<OpId>,
    order: VecDeque<OpId>,
    /// The log may have more.
    grew: bool,
}

impl Following {
    /// From the end of a log of so many operations.
    pub(super) fn new(after: u64) -> Self {
        Self { after, fresh: VecDeque::new(), received: BTreeSet::new(), order: VecDeque::new(), grew: true }
    }

    /// The log has more.
    pub(super) fn grew(&mut self) {
        self.grew = true;
    }

    /// An operation came from the other node; over the bound, the oldest is forgotten, and will be a duplicate there.
    pub(super) fn came(&mut self, id: OpId) {
        if self.received.insert(id) {
            self.order.push_back(id);
        }
        while self.order.len() > RECEIVED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.received.remove(&oldest);
            }
        }
    }

    /// It was not kept.
    pub(super) fn lost(&mut self, id: &OpId) {
        self.received.remove(id);
    }

    /// Looks at what arrived, as far as it can be remembered.
    pub(super) fn look<R: Replica>(&mut self, replica: &R) -> Result<(), R::Error> {
        while self.grew && self.fresh.len() < FRESH_MAX {
            let arrived = replica.arrivals(self.after, KEYS_TOGETHER)?;
            self.grew = arrived.len() == KEYS_TOGETHER;
            for key in arrived {
                self.after += 1;
                // Each arrives once: what came from the other node need not be remembered any more.
                if !self.received.remove(&key.id) {
                    self.fresh.push_back(key);
                }
            }
        }
        Ok(())
    }

    /// What is not handed over yet, of a log of so many.
    pub(super) fn backlog(&self, operations: u64) -> u64 {
        operations.saturating_sub(self.after).saturating_add(u64::try_from(self.fresh.len()).unwrap_or(u64::MAX))
    }

    /// The next keys to be handed over.
    pub(super) fn next(&self) -> Vec<OpKey> {
        self.fresh.iter().take(KEYS_TOGETHER).copied().collect()
    }

    /// These are done with.
    pub(super) fn done(&mut self, keys: usize) {
        self.fresh.drain(..keys.min(self.fresh.len()));
    }
}
