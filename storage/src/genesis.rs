//! What a node starts from: who it is, and whom it trusts before any operation.

use dmpc::{
    NodeId, UserId,
    identity::PublicIdentity,
    keys::{EncryptionKey, VerifyingKey},
};

use crate::digest::Digests;

/// A root: a user that the node trusts from the beginning, with every permission. Only it writes its own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The user.
    pub user: UserId,
    /// Its genesis signing key.
    pub signing_key: VerifyingKey,
    /// Its genesis encryption key.
    pub encryption_key: EncryptionKey,
}

impl From<&PublicIdentity> for Root {
    fn from(public: &PublicIdentity) -> Self {
        Self { user: public.user, signing_key: public.signing_key, encryption_key: public.encryption_key }
    }
}

/// What a node starts from. Set once, when the store is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The node.
    pub node: NodeId,
    /// Its roots, ascending by user.
    pub roots: Vec<Root>,
}

impl Genesis {
    /// The state digest of the roots before any operation: equal in two nodes when, and by all odds only when, their roots are.
    pub fn roots_digest(&self) -> [u8; 32] {
        Digests::default().state_digest(self)
    }
}
