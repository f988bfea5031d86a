//! `members`: the members of channels at present, those with any right, how many they are, and since when others who could
//! read cannot any more.
//!
//! ```text
//! key    channel u32 | user u32                     value  rights u8
//! key    channel u32 | 0 u32                        value  how many u64
//! key    channel u32 | 0 u32 | OpKey 40 | user u32  value  empty: could read until then, and does not at present
//! ```

use dmpc::{OpKey, Rights};

use super::{ChannelNo, UserNo, log, split_u32};

/// What all entries of a channel begin with.
pub(crate) fn prefix(channel: ChannelNo) -> [u8; 4] {
    channel.0.to_be_bytes()
}

/// The key of a member.
pub(crate) fn key(channel: ChannelNo, user: UserNo) -> Vec<u8> {
    [prefix(channel), user.0.to_be_bytes()].concat()
}

/// The key of their number.
pub(crate) fn count_key(channel: ChannelNo) -> Vec<u8> {
    key(channel, UserNo(0))
}

/// The key that says that a user lost the right to read.
pub(crate) fn lost_key(channel: ChannelNo, at: &OpKey, user: UserNo) -> Vec<u8> {
    [count_key(channel).as_slice(), &log::key(at), &user.0.to_be_bytes()].concat()
}

/// When which user lost it, of such a key.
pub(crate) fn parse_lost(bytes: &[u8]) -> Option<(OpKey, UserNo)> {
    let (user, _) = split_u32(bytes.get(48..)?)?;
    Some((log::parse_key(bytes.get(8..48)?)?, UserNo(user)))
}

/// The member of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<UserNo> {
    let (_, rest) = split_u32(bytes)?;
    split_u32(rest).map(|(user, _)| UserNo(user))
}

/// The rights of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Rights> {
    Rights::from_bits(u32::from(*bytes.first()?))
}

/// The number of a stored value.
pub(crate) fn parse_count(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().map(u64::from_be_bytes).ok()
}
