//! Whether a lane of an earlier run may go on. Nothing on this machine tells that a whole filesystem, or the machine itself,
//! was put back to an earlier state; a node that got what was signed since then does. Source: docs/PROTOCOL.md, "Duties of
//! a signer".

use std::fmt;

use dmpc::v1;

use crate::{
    error::CliError,
    lane::{Head, LaneKey},
    session::Session,
};

/// Why a lane ends, and a new one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The node knows places of it that the outbox does not: up to this one.
    Further(u64),
    /// The node has another operation, or two, at the last place.
    Other,
    /// The node does not say; in its own words.
    Unsaid(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Further(seq) => write!(
                f,
                "the node has place {seq} of your lane and the outbox does not, so it may be an older copy of itself"
            ),
            Self::Other => f.write_str(
                "the node has another operation at the last place of your lane, so the outbox may be an older copy of itself",
            ),
            Self::Unsaid(reason) => write!(f, "the node does not say what it has of your lane ({reason})"),
        }
    }
}

/// Asks the node for the end of a lane that an earlier run left; says why it must not go on, if it must not.
///
/// # Errors
/// [`CliError::Answer`], and those of the connection. A refusal is none: it is a doubt.
pub async fn doubt(session: &mut Session, lane: &LaneKey, head: &Head) -> Result<Option<Doubt>, CliError> {
    match session.lane_end(lane.user, lane.key, head.link.lane).await {
        Ok(known) => Ok(judge(head, known.as_ref())),
        Err(CliError::Node { reason, .. }) => Ok(Some(Doubt::Unsaid(reason))),
        Err(error) => Err(error),
    }
}

/// Compares the last operation of a lane with what the node has of it. A node that has less is one that waits for the rest, or
/// that was not told.
fn judge(head: &Head, known: Option<&v1::Lane>) -> Option<Doubt> {
    let known = known?;
    if known.head > head.link.seq {
        return Some(Doubt::Further(known.head));
    }
    let is_ours = known.last.iter().all(|id| id.as_ref() == head.id.as_bytes());
    (known.head == head.link.seq && !is_ours).then_some(Doubt::Other)
}
