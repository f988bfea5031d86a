//! The bounds of a store that its opener chooses. What makes bytes an operation is not here, that is a constant of the
//! protocol; nor are bounds of memory, which stand where they are used.

use crate::projection::work::Step;

/// The bounds of a store. They delay convergence and never prevent it: what they refuse may be offered again.
/// Source: docs/PROTOCOL.md, "Admission".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Milliseconds by which a timestamp may be ahead of the clock; what is farther ahead is kept aside.
    pub ahead_ms: u64,
    /// Operations kept aside for one source.
    pub waiting_operations: usize,
    /// Bytes of operations kept aside for one source.
    pub waiting_bytes: usize,
    /// Operations kept aside for all sources together.
    pub waiting_total_operations: usize,
    /// Bytes of operations kept aside for all sources together.
    pub waiting_total_bytes: usize,
    /// Operations without effect that one payer may have in the log.
    pub charged_operations: u64,
    /// Bytes of operations without effect that one payer may have in the log.
    pub charged_bytes: u64,
    /// Milliseconds for which a message counts as live. An older one was made before, and is admitted under the epoch
    /// that its author saw: other nodes may have it.
    pub live_ms: u64,
    /// Operations that go from those kept aside into the log in one batch; at least 1.
    pub released_operations: usize,
    /// How much one batch judges again, beside what is new in it.
    pub step: Step,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ahead_ms: 60_000,
            waiting_operations: 10_000,
            waiting_bytes: 8 * 1024 * 1024,
            waiting_total_operations: 131_072,
            waiting_total_bytes: 64 * 1024 * 1024,
            charged_operations: 10_000,
            charged_bytes: 8 * 1024 * 1024,
            live_ms: 60_000,
            released_operations: 1_024,
            step: Step::default(),
        }
    }
}
