//! What became of the operations of a load.

use std::collections::BTreeMap;

use dmpc::v1;
use serde::Serialize;

use crate::error::CliError;

/// What became of the operations of a load, as it stood when the node answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Part of the state.
    pub applied: u64,
    /// Durable; they wait for what they name.
    pub pending: u64,
    /// Logged without effect.
    pub rejected: u64,
    /// Known to the node before.
    pub duplicate: u64,
    /// Not logged, by the node's word for why; may be offered again.
    pub refused: BTreeMap<String, u64>,
}

/// Words of refusals that may pass by themselves.
const PASSING: [&str; 4] = ["overloaded", "shutting_down", "too_fast", "unknown"];

impl Tally {
    /// Adds an outcome; whether the operation is refused, and may be offered again.
    pub(super) fn add(&mut self, outcome: v1::Outcome) -> Result<bool, CliError> {
        match outcome.kind() {
            v1::OutcomeKind::Applied => self.applied += 1,
            v1::OutcomeKind::Pending => self.pending += 1,
            v1::OutcomeKind::Rejected => self.rejected += 1,
            v1::OutcomeKind::Duplicate => self.duplicate += 1,
            v1::OutcomeKind::Refused => {
                self.refuse(&outcome.reason, 1);
                return Ok(true);
            }
            v1::OutcomeKind::Unspecified => return Err(CliError::Answer("an outcome without a kind".to_owned())),
        }
        Ok(false)
    }

    /// So many operations were refused together.
    pub(super) fn refuse(&mut self, reason: &str, count: u64) {
        *self.refused.entry(reason.to_owned()).or_default() += count;
    }

    /// Operations that the node has.
    pub fn durable(&self) -> u64 {
        self.applied + self.pending + self.rejected + self.duplicate
    }

    /// Operations that it has not.
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Whether the node took something since.
    pub(super) fn changed_since(&self, before: &Self) -> bool {
        self.durable() != before.durable()
    }

    /// Whether the node may take some of what it refused without anything else happening.
    pub(super) fn may_pass(&self) -> bool {
        PASSING.iter().any(|reason| self.refused.contains_key(*reason))
    }

    /// What was refused is offered again, and counted anew.
    pub(super) fn forget_refused(&mut self) {
        self.refused.clear();
    }
}
