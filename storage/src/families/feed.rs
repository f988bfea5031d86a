//! `feed`: events, in the order in which the node learnt of what they tell. Written once.
//!
//! ```text
//! key    channel u32 (0: users) | local sequence u64
//! value  arrival of the operation u64 | change u8 | verdict u8 (for change 7)
//! change 1 message, 2 opened, 3 closed, 4 members, 5 epoch, 6 user, 7 retracted, 8 restored
//! ```

use super::{ChannelNo, split_u32, split_u64};
use crate::{reader::Change, verdict::Verdict};

/// The key of an event.
pub(crate) fn key(channel: ChannelNo, sequence: u64) -> Vec<u8> {
    [channel.0.to_be_bytes().as_slice(), &sequence.to_be_bytes()].concat()
}

/// The sequence of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<u64> {
    let (_, rest) = split_u32(bytes)?;
    split_u64(rest).map(|(sequence, _)| sequence)
}

/// The value of an event.
pub(crate) fn value(arrival: u64, change: Change) -> Vec<u8> {
    let (code, verdict) = match change {
        Change::Message => (1, 0),
        Change::Opened => (2, 0),
        Change::Closed => (3, 0),
        Change::Members => (4, 0),
        Change::Epoch => (5, 0),
        Change::User => (6, 0),
        Change::Retracted(verdict) => (7, verdict.code()),
        Change::Restored => (8, 0),
    };
    [arrival.to_be_bytes().as_slice(), &[code, verdict]].concat()
}

/// Arrival and change of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<(u64, Change)> {
    let (arrival, rest) = split_u64(bytes)?;
    let change = match rest {
        [1, _] => Change::Message,
        [2, _] => Change::Opened,
        [3, _] => Change::Closed,
        [4, _] => Change::Members,
        [5, _] => Change::Epoch,
        [6, _] => Change::User,
        [7, verdict] => Change::Retracted(Verdict::from_code(*verdict)?),
        [8, _] => Change::Restored,
        _ => return None,
    };
    Some((arrival, change))
}
