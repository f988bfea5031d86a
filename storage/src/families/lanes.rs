//! `lanes`: places in lanes: gaps and forks show here. Written once.
//!
//! ```text
//! key    lane u32 | seq u64 | operation id 32
//! value  timestamp u64
//! ```

use dmpc::{Hlc, OpId};

use super::LaneNo;

/// The key of a place.
pub(crate) fn key(lane: LaneNo, seq: u64, id: &OpId) -> Vec<u8> {
    [lane.0.to_be_bytes().as_slice(), &seq.to_be_bytes(), id.as_bytes()].concat()
}

/// The value of a place.
pub(crate) fn value(timestamp: Hlc) -> [u8; 8] {
    timestamp.bits().to_be_bytes()
}
