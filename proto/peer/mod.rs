//! What two nodes say to each other: frames, checked. What lives here: their bytes and what can be seen of a frame alone.
//! What a frame may be an answer to, and what follows from it, is the node's. Source: docs/PROTOCOL.md, "Between nodes".

mod error;
mod frame;
mod outcome;
mod terms;
mod want;

pub use error::PeerFrameError;
pub use frame::{End, Frame, Operations, Reconcile};
pub use outcome::{OutcomeKind, Outcomes};
pub use terms::{Head, Scopes, Terms};
pub use want::Want;

/// The version of the exchange between nodes.
pub const PEER_VERSION: u32 = 1;
