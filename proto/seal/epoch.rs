//! Epoch keys: made by a member who manages the channel, wrapped for each member. The node never holds one.

use std::fmt;

use bytes::Bytes;
use prost::Message;
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, Zeroizing};

use super::{SealError, open_age, seal_age};
use crate::{
    hash::Domain,
    ids::{ChannelId, KeyId, UserId},
    keys::{DecryptionKey, EncryptionKey},
    kinds::Wrap,
    v1,
    wire::{self, schemas},
};

const PURPOSE: &str = "dmpc.v1 epoch key";
/// Bytes of an encoded `WrappedKey`, with room to spare.
const WRAPPED_BYTES_MAX: usize = 256;

/// The key of an epoch. Zeroized when dropped; never shown.
#[derive(Clone)]
pub struct EpochKey(Zeroizing<[u8; 32]>);

impl EpochKey {
    /// Makes a key.
    pub fn generate<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// The epoch's name.
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(Domain::KeyId.hash(&[self.0.as_ref()]))
    }

    pub(super) fn content_key(&self, channel: &ChannelId) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(Domain::ContentKey.hash(&[self.0.as_ref(), channel.as_bytes()]))
    }

    /// Wraps the key for a member.
    ///
    /// # Errors
    /// [`SealError::BadRecipient`] when the encryption key cannot be sealed to.
    pub fn wrap(&self, channel: &ChannelId, user: UserId, to: EncryptionKey) -> Result<Wrap, SealError> {
        let wrapped = v1::WrappedKey {
            purpose: PURPOSE.to_owned(),
            channel: channel.as_bytes().to_vec().into(),
            recipient: user.as_bytes().to_vec().into(),
            key: self.0.to_vec().into(),
        };
        let inside = Zeroizing::new(wrapped.encode_to_vec());
        wipe(wrapped.key);
        Ok(Wrap { user, encryption_key: to, sealed: seal_age(&inside, &[to])?.into() })
    }

    /// Opens a wrap's age bytes for a member, and checks that they hold the key with this id for this channel and member.
    ///
    /// # Errors
    /// [`SealError`]; [`SealError::WrapMismatch`] when what it holds was meant for something else,
    /// [`SealError::KeyIdMismatch`] when it is another key than announced.
    pub fn unwrap(
        sealed: &[u8],
        opener: &DecryptionKey,
        channel: &ChannelId,
        user: &UserId,
        key_id: &KeyId,
    ) -> Result<Self, SealError> {
        let mut inside = open_age(sealed, opener, 1, WRAPPED_BYTES_MAX)?;
        let inside = Bytes::from(std::mem::take(&mut *inside));
        let key = Self::from_wrapped(&inside, channel, user, key_id);
        wipe(inside);
        key
    }

    fn from_wrapped(inside: &Bytes, channel: &ChannelId, user: &UserId, key_id: &KeyId) -> Result<Self, SealError> {
        let wrapped: v1::WrappedKey = wire::decode(&schemas::WRAPPED_KEY, inside)?;
        let key: [u8; 32] = wrapped.key.as_ref().try_into().map_err(|_| SealError::WrapMismatch)?;
        let key = Self(Zeroizing::new(key));
        let fits = wrapped.purpose == PURPOSE
            && wrapped.channel == channel.as_bytes().as_slice()
            && wrapped.recipient == user.as_bytes().as_slice();
        if !fits {
            return Err(SealError::WrapMismatch);
        }
        if key.key_id() == *key_id { Ok(key) } else { Err(SealError::KeyIdMismatch) }
    }
}

/// Zeroizes bytes that nobody else holds any more.
fn wipe(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey({})", self.key_id())
    }
}
