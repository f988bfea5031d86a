//! What one of two nodes refused is not offered again at once: it is remembered, bounded, over all exchanges of the two.

use std::collections::{BTreeMap, VecDeque};

use dmpc::OpId;

use super::bounds::{PATIENCE_MAX, REFUSED_MAX};

/// What is remembered of another node from one exchange to the next: what it refused, and what this node refused of it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Counts reconciliations.
    pub(super) reconciliations: u64,
    /// What the other node refused.
    pub(super) there: Refusals,
    /// What this node refused, and what was asked for and did not come.
    pub(super) here: Refusals,
}

/// Ids that were refused; over the bound, the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    refused: BTreeMap<OpId, Refused>,
    order: VecDeque<OpId>,
}

#[derive(Clone, Copy, Debug)]
struct Refused {
    /// How often.
    times: u32,
    /// The reconciliation in which it may be offered again.
    again: u64,
}

impl Refusals {
    /// It was refused, in this reconciliation: it may be offered again in the next one, and each time later.
    pub(super) fn refuse(&mut self, id: OpId, now: u64) {
        let times = self.refused.get(&id).map_or(0, |refused| refused.times);
        let patience = 1_u64.checked_shl(times).unwrap_or(PATIENCE_MAX).min(PATIENCE_MAX);
        self.set(id, Refused { times: times.saturating_add(1), again: now.saturating_add(patience) });
    }

    /// It is never to be offered again, as long as it is remembered.
    pub(super) fn ban(&mut self, id: OpId) {
        self.set(id, Refused { times: u32::MAX, again: u64::MAX });
    }

    /// It was taken after all.
    pub(super) fn forget(&mut self, id: &OpId) {
        // Its place in the order goes when its turn comes.
        self.refused.remove(id);
    }

    /// Whether it may be offered in this reconciliation.
    pub(super) fn allows(&self, id: &OpId, now: u64) -> bool {
        self.refused.get(id).is_none_or(|refused| refused.again <= now)
    }

    fn set(&mut self, id: OpId, refused: Refused) {
        if self.refused.insert(id, refused).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > REFUSED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.refused.remove(&oldest);
            }
        }
    }
}
