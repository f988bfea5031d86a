//! `channel.epoch`: opens a further epoch or, naming a known key id, adds wraps of one.

use bytes::Bytes;
use prost::Message;

use super::wraps::{EpochWraps, missing, require_bounded};
use crate::{
    operation::OperationError,
    v1,
    wire::{self, schemas},
};

/// Payload of `channel.epoch`.
#[derive(Clone, Debug)]
pub struct ChannelEpoch {
    /// The epoch and its wraps.
    pub epoch: EpochWraps,
}

impl ChannelEpoch {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::ChannelEpoch = wire::decode(&schemas::CHANNEL_EPOCH, bytes)?;
        let epoch = EpochWraps::check(wire.epoch.ok_or_else(|| missing("ChannelEpoch", 1))?)?;
        require_bounded(std::slice::from_ref(&epoch))?;
        Ok(Self { epoch })
    }

    /// Encodes an epoch.
    pub fn encode(epoch: &EpochWraps) -> Vec<u8> {
        v1::ChannelEpoch { epoch: Some(epoch.to_wire()) }.encode_to_vec()
    }
}
