//! What an exchange starts from.

use dmpc::{NodeId, peer::Scopes, reconcile::FRAME_BYTES_MIN, wire::schemas::RECONCILE_BYTES_MAX};

use super::bounds::{WINDOW_BYTES, WINDOW_OPERATIONS};

/// Which of the two asks what differs: who opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It finds out what differs, asks for what it lacks, and hands over what the other lacks.
    Initiator,
    /// It answers.
    Responder,
}

/// What an exchange starts from.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// The other node, as it proved to be.
    pub peer: NodeId,
    /// Who asks what differs.
    pub role: Role,
    /// The state digest of this node's roots before any operation: [`dmpc_storage::Genesis::roots_digest`].
    pub roots: [u8; 32],
    /// What is exchanged.
    pub scopes: Scopes,
    /// This node hands over what the other lacks.
    pub pushes: bool,
    /// This node takes what it lacks.
    pub pulls: bool,
    /// The exchange ends after one reconciliation. Of the initiator alone.
    pub once: bool,
    /// Operations that may be on their way to this node without an outcome: from 1 to [`WINDOW_OPERATIONS`].
    pub window_operations: u32,
    /// Bytes of operations that may be on their way to this node without an outcome: at most [`WINDOW_BYTES`].
    pub window_bytes: u32,
    /// Bytes of a message of the reconciliation that this node writes: from [`FRAME_BYTES_MIN`] to [`RECONCILE_BYTES_MAX`].
    pub reconcile_bytes: usize,
}

impl Config {
    /// The limit of a message, within its bounds.
    pub(super) fn limit(&self) -> usize {
        self.reconcile_bytes.clamp(FRAME_BYTES_MIN, RECONCILE_BYTES_MAX)
    }

    /// Of everything, both ways, without an end.
    pub fn new(node: NodeId, peer: NodeId, role: Role, roots: [u8; 32]) -> Self {
        Self {
            node,
            peer,
            role,
            roots,
            scopes: Scopes::Everything,
            pushes: true,
            pulls: true,
            once: false,
            window_operations: WINDOW_OPERATIONS,
            window_bytes: WINDOW_BYTES,
            reconcile_bytes: RECONCILE_BYTES_MAX,
        }
    }
}
