//! `channels`: the fields of channels, each with its history.
//!
//! ```text
//! key    channel u32 | field u8 | member u32, key id 32, or nothing | OpKey 40
//! value  a register's value
//! field  1 opened, 2 closed, 3 member, 4 epoch, 5 current epoch
//! ```

use dmpc::KeyId;

use super::{ChannelNo, Family, UserNo, facts::Place};

/// The opening.
pub(crate) const OPENED: u8 = 1;
/// The close.
pub(crate) const CLOSED: u8 = 2;
/// A member.
pub(crate) const MEMBER: u8 = 3;
/// An epoch.
pub(crate) const EPOCH: u8 = 4;
/// The epoch introduced last.
pub(crate) const CURRENT_EPOCH: u8 = 5;

/// What all entries of a field begin with.
pub(crate) fn field_prefix(channel: ChannelNo, field: u8) -> Vec<u8> {
    [channel.0.to_be_bytes().as_slice(), &[field]].concat()
}

/// The place of a field.
pub(crate) fn place(channel: ChannelNo, field: u8) -> Place {
    Place { family: Family::Channels, prefix: field_prefix(channel, field) }
}

/// The place of a member's rights.
pub(crate) fn member_place(channel: ChannelNo, user: UserNo) -> Place {
    let prefix = [field_prefix(channel, MEMBER).as_slice(), &user.0.to_be_bytes()].concat();
    Place { family: Family::Channels, prefix }
}

/// The place of an epoch.
pub(crate) fn epoch_place(channel: ChannelNo, key_id: &KeyId) -> Place {
    let prefix = [field_prefix(channel, EPOCH).as_slice(), key_id.as_bytes()].concat();
    Place { family: Family::Channels, prefix }
}
