//! `messages` and `controls`: what is remembered of each logged operation, by channel: messages in the one, the other
//! kinds in the other.
//!
//! ```text
//! key    channel u32 (0: operations on users) | OpKey 40
//! value  verdict u8 | flags u8 (1: announced) | arrival u64
//! ```

use dmpc::{OpKey, kinds::Kind};

use super::{ChannelNo, Family, split_u64};
use crate::{projection::views::Record, verdict::Verdict};

const ANNOUNCED: u8 = 1;

/// The family of a kind.
pub(crate) fn family(kind: Kind) -> Family {
    if kind == Kind::ChannelMessage { Family::Messages } else { Family::Controls }
}

/// What all operations of a channel begin with.
pub(crate) fn prefix(channel: ChannelNo) -> [u8; 4] {
    channel.0.to_be_bytes()
}

/// The key of an operation.
pub(crate) fn key(channel: ChannelNo, key: &OpKey) -> Vec<u8> {
    [prefix(channel).as_slice(), &key.to_bytes()].concat()
}

/// The operation's key of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes.get(4..)?).ok()
}

/// The value of a record.
pub(crate) fn value(record: &Record) -> Vec<u8> {
    let flags = if record.announced { ANNOUNCED } else { 0 };
    [[record.verdict.code(), flags].as_slice(), &record.arrival.to_be_bytes()].concat()
}

/// The record of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Record> {
    let ([verdict, flags], rest) = bytes.split_first_chunk::<2>()?;
    let (arrival, _) = split_u64(rest)?;
    Some(Record { verdict: Verdict::from_code(*verdict)?, announced: flags & ANNOUNCED != 0, arrival })
}
