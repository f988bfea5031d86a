//! Counts what became of operations, a batch at a time: looking up a counter costs more than adding to it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use dmpc_storage::{Outcome, Tally, Writer};

use super::unit::Ticket;
use crate::metrics::{self, float};

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

/// Says how much is queued.
pub(super) fn queued(queue: &'static str, length: usize) {
    ::metrics::gauge!(queue).set(float(length));
}

/// Counts how long a write took, its fsync included.
pub(super) fn synced(took: Duration) {
    ::metrics::histogram!(metrics::FSYNC_SECONDS).record(took.as_secs_f64());
}

/// Says what the log holds by now, and counts what the writer did since this was last called.
pub(super) fn written(writer: &mut Writer) {
    let Tally { writes, retracted, restored } = writer.take_tally();
    writes.into_iter().for_each(synced);
    for (change, count) in [("retracted", retracted), ("restored", restored)] {
        if count > 0 {
            ::metrics::counter!(metrics::VERDICT_FLIPS, "change" => change).increment(count);
        }
    }
    let (operations, bytes) = writer.waiting();
    ::metrics::gauge!(metrics::WAITING_OPERATIONS).set(float(operations));
    ::metrics::gauge!(metrics::WAITING_BYTES).set(float(bytes));
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; it is exact up to 2^53")]
    ::metrics::gauge!(metrics::LOG_OPERATIONS).set(writer.operations() as f64);
}

/// Says when the state digest changed.
pub(super) fn digest_changed(now_ms: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; milliseconds fit it for 285,000 years")]
    ::metrics::gauge!(metrics::DIGEST_CHANGED).set(now_ms as f64 / 1_000.0);
}

/// Says by how much the log ends too far ahead of the clock.
pub(super) fn ahead(ahead_ms: u64) {
    let seconds = u32::try_from(ahead_ms / 1_000).unwrap_or(u32::MAX);
    ::metrics::gauge!(metrics::LOG_AHEAD).set(f64::from(seconds));
}
