//! `lanes`: places in lanes: gaps and forks show here. Written once.
//!
//! ```text
//! key    lane u32 | seq u64 | operation id 32
//! value  timestamp u64 | channel u32 (0: none) | operation id 32 that it names as the one before it, zeros at seq 1
//! ```

use dmpc::{Hlc, OpId};

use super::{ChannelNo, LaneNo, split_u32, split_u64};

/// What all places of a lane begin with.
pub(crate) fn prefix(lane: LaneNo) -> [u8; 4] {
    lane.0.to_be_bytes()
}

/// What all operations at one place begin with.
pub(crate) fn place_prefix(lane: LaneNo, seq: u64) -> Vec<u8> {
    [prefix(lane).as_slice(), &seq.to_be_bytes()].concat()
}

/// The key of a place.
pub(crate) fn key(lane: LaneNo, seq: u64, id: &OpId) -> Vec<u8> {
    [place_prefix(lane, seq).as_slice(), id.as_bytes()].concat()
}

/// Seq and operation of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<(u64, OpId)> {
    let (_, rest) = split_u32(bytes)?;
    let (seq, id) = split_u64(rest)?;
    Some((seq, OpId::from_slice(id).ok()?))
}

/// The value of a place.
pub(crate) fn value(timestamp: Hlc, channel: ChannelNo, prev: &OpId) -> Vec<u8> {
    [timestamp.bits().to_be_bytes().as_slice(), &channel.0.to_be_bytes(), prev.as_bytes()].concat()
}

/// Timestamp, channel and the operation before of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<(Hlc, ChannelNo, OpId)> {
    let (timestamp, rest) = split_u64(bytes)?;
    let (channel, prev) = split_u32(rest)?;
    Some((Hlc::from_bits(timestamp), ChannelNo(channel), OpId::from_slice(prev).ok()?))
}
