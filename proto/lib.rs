//! The protocol of distributed multiuser private channels.
//!
//! What lives here: the generated types ([`v1`]), ids, hybrid logical time, operations and their signatures,
//! sealing, transactions and requests. What may not: I/O, clocks, async, storage. Time and randomness are
//! arguments, with one exception: age draws its own randomness when it seals.
//!
//! The rules are those of `docs/PROTOCOL.md`.

pub mod cursor;
pub mod equivocation;
pub mod error;
pub mod hash;
pub mod hlc;
pub mod identity;
pub mod ids;
pub mod key_chain;
pub mod keys;
pub mod kinds;
pub mod local;
pub mod node_proof;
pub mod operation;
pub mod peer;
pub mod peer_settings;
pub mod permissions;
pub mod protected;
pub mod reconcile;
pub mod request;
pub mod seal;
pub mod transaction;
pub mod wire;

pub use hlc::Hlc;
pub use identity::Identity;
pub use ids::{ChannelId, IssueId, KeyId, LaneId, NodeId, OpId, OpKey, UserId};
pub use operation::{SignedOperation, VerifiedOperation};
pub use permissions::{Permissions, Rights};

/// The version that headers, transactions and requests carry.
pub const PROTOCOL_VERSION: u32 = 1;

/// Encoded descriptors of all `.proto` files, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Types generated from `proto/dmpc/v1/*.proto`, where they are documented.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/dmpc.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/dmpc.v1.serde.rs"));
}
