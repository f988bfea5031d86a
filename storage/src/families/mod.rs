//! The column families: one file for the codec of each, with its keys and values drawn at its head.
//! Codecs know bytes and ids, nothing else. Integers are big-endian, so that bytes sort as numbers do.

pub(crate) mod arrival;
pub(crate) mod by_user;
pub(crate) mod channels;
pub(crate) mod charges;
pub(crate) mod facts;
pub(crate) mod feed;
pub(crate) mod ids;
pub(crate) mod issues;
pub(crate) mod keys;
pub(crate) mod lanes;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod meta;
pub(crate) mod ranks;
pub(crate) mod records;
pub(crate) mod users;
pub(crate) mod waiting;
pub(crate) mod work;
pub(crate) mod wraps;

use dmpc::OpKey;

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Operations by key.
    Log,
    /// The order in which the node learnt of them.
    Arrival,
    /// Operations by user and channel.
    ByUser,
    /// Operations that carry wraps, by user and epoch.
    Wraps,
    /// Places in lanes.
    Lanes,
    /// Operations by issue, and which issues took effect.
    Issues,
    /// Fields of users.
    Users,
    /// Keys of users.
    Keys,
    /// Fields of channels.
    Channels,
    /// Members at present.
    Members,
    /// Messages and their verdicts.
    Messages,
    /// Other operations and their verdicts.
    Controls,
    /// Counts of operations and accepted messages, and sums of ids.
    Ranks,
    /// Events.
    Feed,
    /// Operations kept aside.
    Waiting,
    /// What certifiers logged without effect.
    Charges,
    /// Local numbers of users, channels and lanes.
    Ids,
    /// What is still to be judged again.
    Work,
    /// Format, genesis, heads, digests.
    Meta,
}

impl Family {
    /// Every family.
    pub(crate) const ALL: [Self; 19] = [
        Self::Log,
        Self::Arrival,
        Self::ByUser,
        Self::Wraps,
        Self::Lanes,
        Self::Issues,
        Self::Users,
        Self::Keys,
        Self::Channels,
        Self::Members,
        Self::Messages,
        Self::Controls,
        Self::Ranks,
        Self::Feed,
        Self::Waiting,
        Self::Charges,
        Self::Ids,
        Self::Work,
        Self::Meta,
    ];

    /// Its name in RocksDB.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Arrival => "arrival",
            Self::ByUser => "by_user",
            Self::Wraps => "wraps",
            Self::Lanes => "lanes",
            Self::Issues => "issues",
            Self::Users => "users",
            Self::Keys => "keys",
            Self::Channels => "channels",
            Self::Members => "members",
            Self::Messages => "messages",
            Self::Controls => "controls",
            Self::Ranks => "ranks",
            Self::Feed => "feed",
            Self::Waiting => "waiting",
            Self::Charges => "charges",
            Self::Ids => "ids",
            Self::Work => "work",
            Self::Meta => "meta",
        }
    }
}

impl Family {
    /// The operation at whose place an entry stands, in families whose keys say it.
    pub(crate) fn operation_of(self, key: &[u8]) -> Option<OpKey> {
        let place = match self {
            Self::Log
            | Self::ByUser
            | Self::Wraps
            | Self::Issues
            | Self::Users
            | Self::Keys
            | Self::Channels
            | Self::Messages
            | Self::Controls
            | Self::Waiting => key.get(key.len().checked_sub(OpKey::LEN)?..),
            Self::Charges => key.get(1..),
            Self::Members => key.get(8..48),
            Self::Arrival | Self::Lanes | Self::Ranks | Self::Feed | Self::Ids | Self::Work | Self::Meta => None,
        };
        place.and_then(|key| OpKey::from_slice(key).ok())
    }
}

/// The local number of a user; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserNo(pub(crate) u32);

/// The local number of a channel; 0 stands for operations on users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChannelNo(pub(crate) u32);

impl ChannelNo {
    /// Operations on users.
    pub(crate) const NONE: Self = Self(0);
    /// All operations together, in `ranks`. No channel gets this number.
    pub(crate) const WHOLE: Self = Self(u32::MAX);
}

/// The local number of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneNo(pub(crate) u32);

/// Reads a big-endian `u32` at the front.
pub(crate) fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*head), rest))
}

/// Reads a big-endian `u64` at the front.
pub(crate) fn split_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*head), rest))
}

/// The first key after all those that begin with `prefix`; empty when there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}
