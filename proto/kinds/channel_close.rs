//! `channel.close`: ends a channel for good. Its payload is empty.

use bytes::Bytes;

use crate::{
    operation::OperationError,
    wire::{self, schemas},
};

pub(super) fn decode(bytes: &Bytes) -> Result<(), OperationError> {
    Ok(wire::scan(&schemas::CHANNEL_CLOSE, bytes)?)
}
