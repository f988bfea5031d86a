//! `feed`: events, in the order in which the node learnt of what they tell. Written once; while readers do not see it yet,
//! a range may grow.
//!
//! ```text
//! key    channel u32 (0: users) | local sequence u64
//! value  arrival of the operation u64 | change u8 | verdict u8 (for change 7) | nothing, or of a range:
//!        arrival of the last operation u64 | count u64
//! change 1 message, 2 opened, 3 closed, 4 members, 5 epoch, 6 user, 7 retracted, 8 restored
//! ```

use super::{ChannelNo, split_u32, split_u64};
use crate::{reader::Change, verdict::Verdict};

/// What is stored of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The local sequence of the operation; of a range, of the first.
    pub(crate) arrival: u64,
    /// What happened.
    pub(crate) change: Change,
    /// Of a range: the local sequence of the last operation, and how many there are.
    pub(crate) through: Option<(u64, u64)>,
}

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
pub(crate) fn value(stored: &Stored) -> Vec<u8> {
    let (code, verdict) = match stored.change {
        Change::Message => (1, 0),
        Change::Opened => (2, 0),
        Change::Closed => (3, 0),
        Change::Members => (4, 0),
        Change::Epoch => (5, 0),
        Change::User => (6, 0),
        Change::Retracted(verdict) => (7, verdict.code()),
        Change::Restored => (8, 0),
    };
    let through = stored.through.map(|(last, count)| [last.to_be_bytes(), count.to_be_bytes()].concat());
    [stored.arrival.to_be_bytes().as_slice(), &[code, verdict], &through.unwrap_or_default()].concat()
}

/// The event of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Stored> {
    let (arrival, rest) = split_u64(bytes)?;
    let (change, rest) = rest.split_first_chunk::<2>()?;
    let change = match change {
        [1, 0] => Change::Message,
        [2, 0] => Change::Opened,
        [3, 0] => Change::Closed,
        [4, 0] => Change::Members,
        [5, 0] => Change::Epoch,
        [6, 0] => Change::User,
        [7, verdict] => Change::Retracted(Verdict::from_code(*verdict)?),
        [8, 0] => Change::Restored,
        _ => return None,
    };
    let through = match rest {
        [] => None,
        rest => {
            let (last, rest) = split_u64(rest)?;
            Some((last, split_u64(rest)?.0))
        }
    };
    Some(Stored { arrival, change, through })
}
