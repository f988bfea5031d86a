//! Reads: views of the present, pages of messages, the feed. Each call sees one consistent snapshot.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, KeyId, NodeId, OpKey, Permissions, Rights, UserId,
    keys::{EncryptionKey, VerifyingKey},
};

use crate::{Root, StoreError, Verdict};

/// Reads the store; cheap to clone, from any thread.
#[derive(Clone, Debug)]
pub struct Reader;

/// The node at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The node.
    pub node: NodeId,
    /// Its roots, ascending by user.
    pub roots: Vec<Root>,
    /// The latest timestamp in the log.
    pub latest: Hlc,
    /// Operations in the log.
    pub operations: u64,
    /// Digest of the state.
    pub state_digest: [u8; 32],
    /// Digest of the log.
    pub log_digest: [u8; 32],
}

/// A user at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The user.
    pub id: UserId,
    /// Its signing key.
    pub signing_key: VerifyingKey,
    /// Its encryption key.
    pub encryption_key: EncryptionKey,
    /// Whether it may do anything.
    pub active: bool,
    /// Its global permissions.
    pub permissions: Permissions,
    /// A name for people.
    pub display_name: String,
    /// Whether it is a root of this node.
    pub root: bool,
}

/// A channel at present, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The channel.
    pub id: ChannelId,
    /// A label for people.
    pub name: String,
    /// Who opened it.
    pub opener: UserId,
    /// When.
    pub opened_at: Hlc,
    /// When it was closed.
    pub closed_at: Option<Hlc>,
    /// Accepted messages.
    pub messages: u64,
    /// Members with any right.
    pub members: u64,
}

/// A member at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The user.
    pub user: UserId,
    /// What it may do.
    pub rights: Rights,
}

/// An epoch of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochView {
    /// Its name.
    pub key_id: KeyId,
    /// When it was introduced.
    pub introduced_at: Hlc,
}

/// A page, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// Goes on where this page ends; `None` on the last one.
    pub cursor: Option<Bytes>,
}

/// An accepted message.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// Accepted messages of the channel before it.
    pub position: u64,
    /// The operation as it was received.
    pub operation: Bytes,
}

/// What happened in a channel.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// What happened.
    pub change: Change,
    /// The key of the operation that it is about.
    pub key: OpKey,
    /// The operation as it was received; absent for retracted and restored.
    pub operation: Option<Bytes>,
    /// Resume after this event with it.
    pub cursor: Bytes,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was accepted.
    Message,
    /// The channel was opened.
    Opened,
    /// The channel was closed.
    Closed,
    /// Members changed.
    Members,
    /// An epoch was opened, or wraps were added to one.
    Epoch,
    /// An operation that was applied is no longer.
    Retracted(Verdict),
    /// An operation that was retracted is applied again.
    Restored,
}

impl Reader {
    /// The node at a glance.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn info(&self) -> Result<Info, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// A user at present; `None` when no applied operation creates it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn user(&self, _id: &UserId) -> Result<Option<UserView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// All users, at most `limit` from `cursor` (empty: from the beginning) on.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn users(&self, _cursor: &[u8], _limit: usize) -> Result<Page<UserView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// A channel at present; `None` when no applied operation opens it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn channel(&self, _id: &ChannelId) -> Result<Option<ChannelView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// All channels, at most `limit` from `cursor` (empty: from the beginning) on. With `member`, those alone in which
    /// that user has a right.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn channels(
        &self,
        _cursor: &[u8],
        _limit: usize,
        _member: Option<&UserId>,
    ) -> Result<Page<ChannelView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// The members of a channel with any right.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn members(&self, _channel: &ChannelId) -> Result<Vec<MemberView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// What a user may do in a channel.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn rights(&self, _channel: &ChannelId, _user: &UserId) -> Result<Rights, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// The epochs of a channel in their order; the last one is current.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn epochs(&self, _channel: &ChannelId) -> Result<Vec<EpochView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// The wraps (age bytes) for a user in a channel, of applied operations, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn wraps(&self, _channel: &ChannelId, _user: &UserId) -> Result<Vec<(KeyId, Bytes)>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// Accepted messages of a channel in the order of their keys, or in the reverse one.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn messages(
        &self,
        _channel: &ChannelId,
        _cursor: &[u8],
        _limit: usize,
        _backward: bool,
    ) -> Result<Page<MessageView>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// Events of a channel after `cursor` (empty: from the beginning), in the order in which the node learnt of them.
    /// Fewer than `limit` means that there are no more yet.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`] for a cursor from before a rebuild.
    pub fn events(&self, _channel: &ChannelId, _cursor: &[u8], _limit: usize) -> Result<Vec<FeedEvent>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// The cursor after which every event is still to come.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn present(&self) -> Result<Bytes, StoreError> {
        Err(StoreError::Poisoned)
    }
}
