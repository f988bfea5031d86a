//! Links: the place of a signature in its signer's lane.

use bytes::Bytes;

use super::OperationError;
use crate::{
    ids::{LaneId, OpId},
    v1,
};

/// A place in a lane, the hash chain of one certifying key on one device, for one channel or for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The lane.
    pub lane: LaneId,
    /// 1, 2, 3, ...
    pub seq: u64,
    /// Operation id of `seq - 1`; zeros at 1.
    pub prev: OpId,
}

impl Link {
    const NO_PREV: OpId = OpId::from_bytes([0; 32]);

    /// The first place of a lane.
    pub const fn first(lane: LaneId) -> Self {
        Self { lane, seq: 1, prev: Self::NO_PREV }
    }

    /// The place after this one, which `id` took; `None` at the end of the lane.
    pub fn next(&self, id: OpId) -> Option<Self> {
        Some(Self { lane: self.lane, seq: self.seq.checked_add(1)?, prev: id })
    }

    pub(super) fn check(wire: &v1::Link) -> Result<Self, OperationError> {
        let prev = if wire.prev.is_empty() { Self::NO_PREV } else { OpId::from_slice(&wire.prev)? };
        let fits = match wire.seq {
            0 => false,
            1 => wire.prev.is_empty(),
            _ => prev != Self::NO_PREV,
        };
        if !fits {
            return Err(OperationError::BadLink);
        }
        Ok(Self { lane: LaneId::from_slice(&wire.lane)?, seq: wire.seq, prev })
    }

    pub(super) fn to_wire(self) -> v1::Link {
        let prev = if self.seq == 1 { Bytes::new() } else { Bytes::copy_from_slice(self.prev.as_bytes()) };
        v1::Link { lane: Bytes::copy_from_slice(self.lane.as_bytes()), seq: self.seq, prev }
    }
}
