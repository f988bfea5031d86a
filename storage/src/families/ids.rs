//! `ids`: local numbers of users, channels and lanes, so that index keys are short. Numbers are given in the order in which
//! the node hears of things; no view, verdict or digest depends on them. Written once, but for the known flag.
//!
//! ```text
//! key    1 | user id 32                              value  number u32 | known u8
//! key    2 | channel id 32                           value  number u32
//! key    3 | user id 32 | signing key 32 | lane 16   value  number u32
//! key    0x81, 0x82, 0x83 | number u32               value  the id, as above
//! ```

use dmpc::{ChannelId, LaneId, UserId, keys::VerifyingKey};

use super::split_u32;

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// Users.
    User,
    /// Channels.
    Channel,
    /// Lanes.
    Lane,
}

impl Numbered {
    const fn tag(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Channel => 2,
            Self::Lane => 3,
        }
    }

    /// The key of an id.
    pub(crate) fn key(self, id: &[u8]) -> Vec<u8> {
        [&[self.tag()], id].concat()
    }

    /// The key of a number.
    pub(crate) fn number_key(self, number: u32) -> Vec<u8> {
        [[self.tag() | 0x80].as_slice(), &number.to_be_bytes()].concat()
    }

    /// What all number keys begin with.
    pub(crate) fn number_prefix(self) -> [u8; 1] {
        [self.tag() | 0x80]
    }
}

/// The number of a stored key of a number.
pub(crate) fn parse_number_key(bytes: &[u8]) -> Option<u32> {
    split_u32(bytes.get(1..)?).map(|(number, _)| number)
}

/// The id of a lane: its holder, the key, the lane.
pub(crate) fn lane_id(user: &UserId, key: &VerifyingKey, lane: &LaneId) -> Vec<u8> {
    [user.as_bytes().as_slice(), key.as_bytes(), lane.as_bytes()].concat()
}

/// What the keys of all lanes begin with: of everybody, of a user, or of a user's key.
pub(crate) fn lane_prefix(user: Option<&UserId>, key: Option<&VerifyingKey>) -> Vec<u8> {
    let mut prefix = vec![Numbered::Lane.tag()];
    prefix.extend(user.iter().flat_map(|user| user.as_bytes()));
    prefix.extend(key.iter().flat_map(|key| key.as_bytes()));
    prefix
}

/// The lane of a stored key of a lane.
pub(crate) fn parse_lane_key(bytes: &[u8]) -> Option<LaneId> {
    LaneId::from_slice(bytes.get(65..)?).ok()
}

/// Holder and key of a stored key of a lane.
pub(crate) fn parse_lane_owner(bytes: &[u8]) -> Option<(UserId, VerifyingKey)> {
    let user = UserId::from_slice(bytes.get(1..33)?).ok()?;
    let key = VerifyingKey::from_bytes(bytes.get(33..65)?.try_into().ok()?).ok()?;
    Some((user, key))
}

/// The value of a user.
pub(crate) fn user_value(number: u32, known: bool) -> Vec<u8> {
    [number.to_be_bytes().as_slice(), &[u8::from(known)]].concat()
}

/// The number of a stored value, and whether the user is known.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<(u32, bool)> {
    let (number, rest) = split_u32(bytes)?;
    Some((number, rest.first().is_some_and(|known| *known != 0)))
}

/// The user of a stored number's value.
pub(crate) fn parse_user(bytes: &[u8]) -> Option<UserId> {
    UserId::from_slice(bytes).ok()
}

/// The channel of a stored number's value.
pub(crate) fn parse_channel(bytes: &[u8]) -> Option<ChannelId> {
    ChannelId::from_slice(bytes).ok()
}
