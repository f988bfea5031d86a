//! `wraps`: which operations carry wraps of an epoch for a user, with or without effect. Written once.
//!
//! ```text
//! key    user u32 | channel u32 | key id 32 | OpKey 40
//! value  nothing
//! ```

use dmpc::{KeyId, OpKey};

use super::{ChannelNo, UserNo};

/// What all entries of a user and an epoch begin with.
pub(crate) fn prefix(user: UserNo, channel: ChannelNo, key_id: &KeyId) -> Vec<u8> {
    [user.0.to_be_bytes().as_slice(), &channel.0.to_be_bytes(), key_id.as_bytes()].concat()
}

/// The key of an entry.
pub(crate) fn key(user: UserNo, channel: ChannelNo, key_id: &KeyId, key: &OpKey) -> Vec<u8> {
    [prefix(user, channel, key_id).as_slice(), &key.to_bytes()].concat()
}

/// The operation of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes.get(40..)?).ok()
}
