//! `by_user`: the operations that concern a user, by channel: what to judge anew when the user changes, and in which
//! channels it is. Who issued or certified the opening of a channel has it among operations on users, too. Written once.
//!
//! ```text
//! key    user u32 | channel u32 (0: operations on users) | OpKey 40
//! value  roles u8
//! ```

use dmpc::OpKey;

use super::{ChannelNo, UserNo, split_u32};

/// What an operation has to do with a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles(pub(crate) u8);

impl Roles {
    /// It issued or certified it.
    pub(crate) const AUTHOR: Self = Self(1);
    /// It is created or updated by it.
    pub(crate) const SUBJECT: Self = Self(2);
    /// It is set or removed as a member by it.
    pub(crate) const MEMBER: Self = Self(4);

    /// Either.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is in it.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What all entries of a user begin with.
pub(crate) fn user_prefix(user: UserNo) -> [u8; 4] {
    user.0.to_be_bytes()
}

/// What all entries of a user in a channel begin with.
pub(crate) fn channel_prefix(user: UserNo, channel: ChannelNo) -> Vec<u8> {
    [user.0.to_be_bytes(), channel.0.to_be_bytes()].concat()
}

/// The key of an entry.
pub(crate) fn key(user: UserNo, channel: ChannelNo, key: &OpKey) -> Vec<u8> {
    [channel_prefix(user, channel).as_slice(), &key.to_bytes()].concat()
}

/// Channel and operation of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<(ChannelNo, OpKey)> {
    let (_, rest) = split_u32(bytes)?;
    let (channel, rest) = split_u32(rest)?;
    Some((ChannelNo(channel), OpKey::from_slice(rest).ok()?))
}

/// The roles of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Roles> {
    bytes.first().copied().map(Roles)
}
