//! `channel.message`: sealed content. The node sees its length, author, channel, time and epoch, and nothing else.

use bytes::Bytes;
use prost::Message;

use super::wraps::missing;
use crate::{
    operation::OperationError,
    v1,
    wire::{self, schemas},
};

/// Payload of `channel.message`.
#[derive(Clone, Debug)]
pub struct ChannelMessage {
    /// Nonce of the AEAD.
    pub nonce: [u8; 24],
    /// Ciphertext and tag.
    pub ciphertext: Bytes,
}

impl ChannelMessage {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::ChannelMessage = wire::decode(&schemas::CHANNEL_MESSAGE, bytes)?;
        let nonce = wire.nonce.as_ref().try_into().map_err(|_| missing("ChannelMessage", 1))?;
        if wire.ciphertext.is_empty() {
            return Err(missing("ChannelMessage", 2));
        }
        if wire.ciphertext.len() < crate::seal::TAG_BYTES {
            return Err(OperationError::CiphertextTooShort(wire.ciphertext.len()));
        }
        Ok(Self { nonce, ciphertext: wire.ciphertext })
    }

    /// Encodes a message.
    pub fn encode(nonce: [u8; 24], ciphertext: Vec<u8>) -> Vec<u8> {
        v1::ChannelMessage { nonce: Bytes::copy_from_slice(&nonce), ciphertext: ciphertext.into() }.encode_to_vec()
    }
}
