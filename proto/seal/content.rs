//! Content of messages: XChaCha20-Poly1305 under a key derived from epoch key and channel, with the exact header bytes
//! as associated data. So a ciphertext cannot be given another author, channel, time or epoch.

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload as AeadPayload},
};
use zeroize::Zeroizing;

use super::{EpochKey, SealError};
use crate::{ids::ChannelId, kinds::Payload, operation::SignedOperation};

/// Bytes of a nonce, drawn at random for each message.
pub const NONCE_BYTES: usize = 24;
/// Bytes by which a ciphertext is longer than its content.
pub const TAG_BYTES: usize = 16;

fn cipher(key: &EpochKey, channel: &ChannelId) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(key.content_key(channel).as_ref()))
}

/// Seals content to a header.
///
/// # Errors
/// [`SealError::TooLarge`] when it is more than the cipher takes (256 GiB).
pub fn seal_content(
    key: &EpochKey,
    channel: &ChannelId,
    header: &[u8],
    nonce: &[u8; NONCE_BYTES],
    content: &[u8],
) -> Result<Vec<u8>, SealError> {
    cipher(key, channel)
        .encrypt(XNonce::from_slice(nonce), AeadPayload { msg: content, aad: header })
        .map_err(|_| SealError::TooLarge(usize::MAX))
}

/// Opens a message.
///
/// # Errors
/// [`SealError::NotAMessage`]; [`SealError::OtherEpoch`] when the key is not the one it names; [`SealError::Tampered`].
pub fn open_content(key: &EpochKey, operation: &SignedOperation) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (Payload::ChannelMessage(message), Some(channel)) = (operation.payload(), operation.channel()) else {
        return Err(SealError::NotAMessage);
    };
    if operation.header().key_id != Some(key.key_id()) {
        return Err(SealError::OtherEpoch);
    }
    let payload = AeadPayload { msg: &message.ciphertext, aad: operation.header_bytes() };
    cipher(key, &channel)
        .decrypt(XNonce::from_slice(&message.nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| SealError::Tampered)
}
