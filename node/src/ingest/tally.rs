//! Counts what became of operations, a batch at a time: looking up a counter costs more than adding to it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use dmpc_storage::Outcome;

use super::unit::{Ticket, Unit};
use crate::metrics;

/// The word of an outcome, as it is counted.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Pending(_) | Outcome::Waiting(_) => "pending",
        Outcome::Rejected(_) => "rejected",
        Outcome::Duplicate => "duplicate",
        Outcome::Refused(_) => "refused",
    }
}

/// Counts a batch that was committed, and how long that took.
pub(super) fn committed(outcomes: &[Outcome], took: Duration) {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(word(outcome)).or_default() += 1;
        if let Outcome::Refused(refusal) = outcome {
            ::metrics::counter!(metrics::REFUSALS, "reason" => refusal.word()).increment(1);
        }
    }
    for (word, count) in counts {
        ::metrics::counter!(metrics::OPERATIONS, "outcome" => word).increment(count);
    }
    ::metrics::histogram!(metrics::COMMIT_SECONDS).record(took.as_secs_f64());
    ::metrics::histogram!(metrics::COMMIT_OPERATIONS)
        .record(f64::from(u32::try_from(outcomes.len()).unwrap_or(u32::MAX)));
}

/// Counts what was refused before it came to the sequencer.
pub(super) fn refused(tickets: &[Ticket]) {
    for ticket in tickets {
        for failure in ticket.refused.iter().map(|refused| &refused.failure).chain(&ticket.failure) {
            ::metrics::counter!(metrics::REFUSALS, "reason" => failure.reason).increment(1);
        }
        if !ticket.refused.is_empty() {
            let count = u64::try_from(ticket.refused.len()).unwrap_or(u64::MAX);
            ::metrics::counter!(metrics::OPERATIONS, "outcome" => "refused").increment(count);
        }
    }
}

/// Counts a batch of signatures.
pub(super) fn verified(since: Instant) {
    ::metrics::histogram!(metrics::VERIFY_SECONDS).record(since.elapsed().as_secs_f64());
}

/// Says how many operations the log has.
pub(super) fn logged(operations: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; it is exact up to 2^53")]
    ::metrics::gauge!(metrics::LOG_OPERATIONS).set(operations as f64);
}

/// Says when the state digest changed.
pub(super) fn digest_changed(now_ms: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; milliseconds fit it for 285,000 years")]
    ::metrics::gauge!(metrics::DIGEST_CHANGED).set(now_ms as f64 / 1_000.0);
}

/// Says how much is queued.
pub(super) fn queued(units: usize, batch: &[Unit]) {
    ::metrics::gauge!(metrics::COMMIT_QUEUE).set(f64::from(u32::try_from(units + batch.len()).unwrap_or(u32::MAX)));
}
