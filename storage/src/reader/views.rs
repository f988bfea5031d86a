//! What reads give: plain data.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, KeyId, LaneId, NodeId, OpId, OpKey, Permissions, Rights, UserId,
    cursor::KeyUse,
    keys::{EncryptionKey, VerifyingKey},
};

use crate::{Root, Verdict, evidence::Evidence};

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
    /// Users that logged operations name, created or not.
    pub users: u64,
    /// Channels that logged operations name, opened or not.
    pub channels: u64,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The user.
    pub user: UserId,
    /// What it may do.
    pub rights: Rights,
    /// A name for people; empty while the user is not created.
    pub display_name: String,
    /// What is sealed to it is sealed to the first key, it signs with the second one; `None` while the user is not created.
    pub keys: Option<(EncryptionKey, VerifyingKey)>,
}

/// An epoch of a channel, and wraps of it for who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochView {
    /// Its name.
    pub key_id: KeyId,
    /// When it was introduced.
    pub introduced_at: Hlc,
    /// age bytes, of applied operations, oldest first.
    pub wraps: Vec<Bytes>,
}

/// A part of what there is to say of a channel: its epochs in their order, then its members.
#[derive(Clone, Debug, Default)]
pub struct ChannelPage {
    /// In their order; the last one of all pages is current. The first one may go on where the page before ended: then
    /// it has its further wraps.
    pub epochs: Vec<EpochView>,
    /// Those with any right; none before all epochs were given.
    pub members: Vec<MemberView>,
    /// Goes on where this page ends; `None` on the last one.
    pub cursor: Option<Bytes>,
}

/// A key of a user, for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// What it is for.
    pub purpose: KeyUse,
    /// The key.
    pub key: [u8; 32],
    /// What made it the user's; [`OpKey::MIN`] for a root's first.
    pub from: OpKey,
    /// What put another in its place; `None` while it is the user's.
    pub until: Option<OpKey>,
    /// The encoded operation of `from`; empty where it was not asked for, and for a root's first.
    pub operation: Bytes,
}

/// A lane, or the part of it that stands on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneView {
    /// The lane.
    pub lane: LaneId,
    /// The channel of its first operation; `None` for an operation on users.
    pub channel: Option<ChannelId>,
    /// The last place on this page.
    pub head: u64,
    /// Operations on this page.
    pub operations: u64,
    /// What its places on this page are evidence of.
    pub evidence: Vec<Found>,
}

/// Where a lane ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneEndView {
    /// The lane.
    pub lane: LaneId,
    /// The channel of its first operation; `None` for an operation on users.
    pub channel: Option<ChannelId>,
    /// Its last place.
    pub seq: u64,
    /// The operations there, ascending by id: one; of a fork the last two.
    pub last: Vec<OpId>,
}

/// Something that was found in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub evidence: Evidence,
    /// Of a fork the two whole operations; else none.
    pub operations: Vec<Bytes>,
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

/// Events of a channel, as of one moment.
#[derive(Clone, Debug, Default)]
pub struct FeedPage {
    /// In the order in which the node learnt of them.
    pub events: Vec<FeedEvent>,
    /// Whether there were no more.
    pub is_last: bool,
    /// Operations in the log at that moment.
    pub arrivals: u64,
}

/// What happened in a channel.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// What happened.
    pub change: Change,
    /// The key of the operation that it is about; of a range, of the first.
    pub key: OpKey,
    /// Of a range: the key of the last operation, and how many there are. All messages of the channel from the first to
    /// the last are meant that subscribers were ever told of.
    pub through: Option<(OpKey, u64)>,
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
    /// A user was created or changed.
    User,
    /// An epoch was opened, or wraps were added to one.
    Epoch,
    /// An operation that was applied is no longer.
    Retracted(Verdict),
    /// An operation that was retracted is applied again.
    Restored,
}
