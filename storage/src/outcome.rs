//! What goes into the writer and what comes out.

use dmpc::VerifiedOperation;

use crate::verdict::{Missing, Rejection, reasons};

/// An operation offered to the log.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The operation.
    pub operation: VerifiedOperation,
    /// Whom to count it against while it waits: for instance a network address.
    pub source: Source,
}

/// Where a submission came from, as far as bounds are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub [u8; 16]);

/// What became of a submission. All but `Refused` are durable when they are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Logged, and part of the state.
    Applied,
    /// Logged; nothing earlier introduces what it names.
    Pending(Missing),
    /// Kept aside, not logged yet.
    Waiting(Wait),
    /// Logged, without effect.
    Rejected(Rejection),
    /// Logged or kept aside before.
    Duplicate,
    /// Not kept; may be offered again.
    Refused(Refusal),
}

reasons!(
    /// Why an operation is kept aside.
    Wait {
        /// Its certifier is unknown to the node.
        UnknownCertifier = 1, "waits_for_certifier", "kept until the node hears of the certifier";
        /// It is stamped ahead of the node's clock.
        Future = 2, "waits_for_time", "kept until the node's clock reaches its timestamp";
    }
);

reasons!(
    /// Why an operation is not kept.
    Refusal {
        /// The operations kept aside are at their bound.
        WaitingFull = 1, "overloaded", "too many operations wait already; offer it again later";
        /// The certifier's operations without effect are at their bound.
        QuotaFull = 2, "quota", "too many operations of this certifier have no effect; offer it again later";
        /// A live message under an epoch that is no longer current.
        StaleEpoch = 3, "stale_epoch", "a newer epoch is current; seal the message under it";
        /// The store has given nearly all the numbers that it has for users, channels and lanes.
        StoreFull = 4, "store_full", "the node's store can name no more users, channels or lanes";
    }
);
