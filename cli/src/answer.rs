//! What nodes answer: its ids, and answers that are sealed to who asked.

use bytes::Bytes;
use dmpc::{Hlc, keys::DecryptionKey, seal::open_age, v1};
use prost::Message;

use crate::error::CliError;

/// Bytes of one answer once it is opened.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Opens the last update about a transaction whose outcomes were to be sealed to a key. What the node could not open has no
/// seal, and no outcomes: only that it failed is taken from the clear.
///
/// # Errors
/// [`CliError::Answer`] for outcomes in the clear, and for a seal around another update or around nothing.
pub fn unseal_ack(ack: v1::Ack, key: &DecryptionKey) -> Result<v1::Ack, CliError> {
    if ack.sealed.is_empty() && ack.outcomes.is_empty() && ack.error.is_some() {
        return Ok(ack);
    }
    let (client_id, state) = (ack.client_id, ack.state);
    let inside = unseal(ack, key)?;
    if (inside.client_id, inside.state) != (client_id, state) {
        return Err(CliError::Answer("an acknowledgement is sealed into another one".to_owned()));
    }
    Ok(inside)
}

/// Opens an answer that is sealed to a key.
///
/// # Errors
/// [`CliError::Answer`] when it is not, or is not well formed.
pub fn unseal<A: Answer>(mut answer: A, key: &DecryptionKey) -> Result<A, CliError> {
    let sealed = answer.take_sealed();
    if sealed.is_empty() {
        return Err(CliError::Answer("it is not sealed, though sealing was asked for".to_owned()));
    }
    let plain = open_age(&sealed, key, 1, ANSWER_BYTES_MAX).map_err(CliError::answer)?;
    A::decode(plain.as_slice()).map_err(|error| CliError::Answer(error.to_string()))
}

/// An id in an answer.
///
/// # Errors
/// [`CliError::Answer`]
pub fn id<T>(id: Result<T, dmpc::ids::IdError>) -> Result<T, CliError> {
    id.map_err(|error| CliError::Answer(error.to_string()))
}

/// An answer that may be sealed.
pub trait Answer: Message + Default {
    /// Takes the sealed form out of it.
    fn take_sealed(&mut self) -> Bytes;

    /// The node's latest timestamp, where the answer has it.
    fn latest(&self) -> Option<Hlc>;
}

macro_rules! answers {
    ($($type:ty { $latest:expr })*) => {
        $(impl Answer for $type {
            fn take_sealed(&mut self) -> Bytes {
                std::mem::take(&mut self.sealed)
            }

            fn latest(&self) -> Option<Hlc> {
                let latest: fn(&Self) -> Option<u64> = $latest;
                latest(self).map(Hlc::from_bits)
            }
        })*
    };
}

answers! {
    v1::ReadUsersResponse { |answer| Some(answer.latest) }
    v1::ReadChannelResponse { |answer| Some(answer.latest) }
    v1::ListChannelsResponse { |answer| Some(answer.latest) }
    v1::ReadMessagesResponse { |answer| Some(answer.latest) }
    v1::Ack { |ack| Some(ack.latest) }
    v1::ReadKeysResponse { |answer| Some(answer.latest) }
    v1::EventBatch { |batch| batch.events.iter().map(|event| event.timestamp).max() }
}
