//! Asking for operations by their ids.

use bytes::Bytes;

use super::PeerFrameError;
use crate::{
    ids::{OpId, OpKey},
    v1,
};

/// Asks for operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Counts from 1, in the order of sending.
    pub number: u64,
    /// The number of the scope that they belong to.
    pub scope: u32,
    /// None of them stands before it.
    pub from: OpKey,
    /// Their ids, ascending; at least one, at most 2,048.
    pub ids: Vec<OpId>,
}

impl Want {
    pub(super) fn decode(wire: &v1::PeerWant) -> Result<Self, PeerFrameError> {
        let (ids, rest) = wire.ids.as_chunks::<32>();
        let ids: Vec<OpId> = ids.iter().map(|id| OpId::from_bytes(*id)).collect();
        let from = match wire.from.as_ref() {
            [] => OpKey::MIN,
            bytes => OpKey::from_slice(bytes).map_err(|_| PeerFrameError::Want)?,
        };
        // The first key has one encoding: none.
        let is_plain = wire.from.is_empty() || from != OpKey::MIN;
        let ascends = ids.iter().is_sorted_by(|one, next| one < next);
        if wire.number == 0 || ids.is_empty() || !rest.is_empty() || !ascends || !is_plain {
            return Err(PeerFrameError::Want);
        }
        Ok(Self { number: wire.number, scope: wire.scope, from, ids })
    }

    pub(super) fn encode(&self) -> v1::PeerWant {
        let from = if self.from == OpKey::MIN { Bytes::new() } else { Bytes::copy_from_slice(&self.from.to_bytes()) };
        let ids = self.ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>().into();
        v1::PeerWant { number: self.number, scope: self.scope, from, ids }
    }
}
