//! What became of an operation in this node's ingest, as the other node is told.

use dmpc::peer::OutcomeKind;
use dmpc_storage::Outcome;

use super::Told;

/// What the other node is told of an outcome.
pub fn told(outcome: &Outcome) -> Told {
    match outcome {
        Outcome::Applied => (OutcomeKind::Applied, None),
        Outcome::Pending(_) => (OutcomeKind::Pending, None),
        Outcome::Waiting(_) => (OutcomeKind::Waiting, None),
        Outcome::Rejected(_) => (OutcomeKind::Rejected, None),
        Outcome::Duplicate => (OutcomeKind::Duplicate, None),
        Outcome::Refused(refusal) => (OutcomeKind::Refused, Some(refusal.word().to_owned())),
    }
}

/// What the other node is told of an operation that is not authentic.
pub fn not_authentic(reason: &str) -> Told {
    (OutcomeKind::Bad, Some(reason.to_owned()))
}
