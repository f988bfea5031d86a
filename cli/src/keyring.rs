//! Epoch keys of a channel, and what they open. A message is read only when its signature verifies: all members hold the
//! epoch key, so the seal alone does not say who wrote it.

use std::collections::HashMap;

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, KeyId, OpId, SignedOperation, UserId, VerifiedOperation,
    keys::KeyError,
    kinds::Kind,
    operation::{OperationError, verify_all},
    seal::{EpochKey, SealError, open_content},
    v1,
};
use rand_core::{CryptoRng, RngCore};

use crate::{answer::id, error::CliError};

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its epoch was not shared with the reader.
    #[error("the key of its epoch was not given to you")]
    NoKey,
    /// Its epoch's wraps for the reader cannot be opened.
    #[error("the key that was shared with you cannot be opened: {0}")]
    BadWrap(SealError),
    /// The seal is broken.
    #[error("it cannot be opened: {0}")]
    Seal(SealError),
    /// What it holds is no text.
    #[error("it holds no text")]
    NotText,
}

/// Why what a node sent is not a message of the channel. Nothing of it is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMessage {
    /// Not an operation.
    #[error("not an operation: {0}")]
    Malformed(#[from] OperationError),
    /// Its signature does not verify.
    #[error("forged: {0}")]
    Forged(#[from] KeyError),
    /// Of another channel, or of another kind.
    #[error("not a message of this channel")]
    Other,
}

/// A message whose signature verifies.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its operation.
    pub id: OpId,
    /// When.
    pub timestamp: Hlc,
    /// Who.
    pub author: UserId,
    /// What.
    pub text: Result<String, Unreadable>,
}

/// The epoch keys that a reader has of one channel.
#[derive(Debug)]
pub struct Keyring {
    channel: ChannelId,
    keys: HashMap<KeyId, Result<EpochKey, Unreadable>>,
    /// Ascending by the time they were introduced.
    order: Vec<KeyId>,
}

impl Keyring {
    /// Opens the reader's wraps of a channel.
    ///
    /// # Errors
    /// [`CliError::Answer`] when an id is none.
    pub fn open(identity: &Identity, channel: ChannelId, epochs: &[v1::Epoch]) -> Result<Self, CliError> {
        let mut ring = Self { channel, keys: HashMap::new(), order: Vec::new() };
        for epoch in epochs {
            let key_id = id(KeyId::from_slice(&epoch.key_id))?;
            ring.keys.insert(key_id, unwrap_any(identity, &channel, &key_id, &epoch.wraps));
            ring.order.push(key_id);
        }
        Ok(ring)
    }

    /// Whether the reader has the key of an epoch.
    pub fn has(&self, key_id: &KeyId) -> bool {
        matches!(self.keys.get(key_id), Some(Ok(_)))
    }

    /// The current epoch's key.
    ///
    /// # Errors
    /// [`CliError::Denied`] when the reader does not have it.
    pub fn current(&self) -> Result<&EpochKey, CliError> {
        let current = self.order.last().and_then(|key_id| self.keys.get(key_id));
        match current {
            Some(Ok(key)) => Ok(key),
            Some(Err(error)) => Err(CliError::Denied(format!("the channel's current key is not yours: {error}"))),
            None => Err(CliError::Answer("the channel has no epoch".to_owned())),
        }
    }

    /// Every epoch's key that the reader has, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &EpochKey> {
        self.order.iter().filter_map(|key_id| self.keys.get(key_id)?.as_ref().ok())
    }

    /// Verifies and opens messages of the channel, in their order.
    pub fn read<R: RngCore + CryptoRng>(&self, operations: Vec<Bytes>, rng: R) -> Vec<Result<Message, NoMessage>> {
        let decoded: Vec<_> = operations.into_iter().map(SignedOperation::decode).collect();
        let sound = decoded.iter().filter_map(|operation| operation.as_ref().ok()).cloned().collect();
        let mut verified = verify_all(sound, rng).0.into_iter();
        let read = |operation: Result<SignedOperation, OperationError>| {
            operation?;
            let operation = verified.next().ok_or(NoMessage::Other)??;
            self.read_one(&operation)
        };
        decoded.into_iter().map(read).collect()
    }

    fn read_one(&self, operation: &VerifiedOperation) -> Result<Message, NoMessage> {
        if operation.kind() != Kind::ChannelMessage || operation.channel() != Some(self.channel) {
            return Err(NoMessage::Other);
        }
        Ok(Message {
            id: operation.id(),
            timestamp: operation.timestamp(),
            author: operation.issuer(),
            text: self.text(operation),
        })
    }

    fn text(&self, operation: &VerifiedOperation) -> Result<String, Unreadable> {
        let key = operation.header().key_id.and_then(|key_id| self.keys.get(&key_id));
        let key = key.ok_or(Unreadable::NoKey)?.as_ref().map_err(Clone::clone)?;
        let mut content = open_content(key, operation).map_err(Unreadable::Seal)?;
        String::from_utf8(std::mem::take(&mut *content)).map_err(|_| Unreadable::NotText)
    }
}

/// The first wrap that opens, the newest one first; those to keys of before are opened with these.
fn unwrap_any(
    identity: &Identity,
    channel: &ChannelId,
    key_id: &KeyId,
    wraps: &[Bytes],
) -> Result<EpochKey, Unreadable> {
    let mut failure = Unreadable::NoKey;
    for wrap in wraps.iter().rev() {
        for opener in identity.openers() {
            match EpochKey::unwrap(wrap, opener, channel, &identity.user, key_id) {
                Ok(key) => return Ok(key),
                Err(error) => failure = Unreadable::BadWrap(error),
            }
        }
    }
    Err(failure)
}
