//! The JSON form of what clients and nodes exchange: the messages of `node.proto` in the proto3 mapping.
//!
//! [`scan`] walks the text and refuses what JSON parsers take differently: keys that stand twice, deep nesting, anything
//! behind the value. Only then does the message's own decoder see it, which refuses keys that it does not have.
//! Operations and transactions travel inside as base64 of their bytes, and have no JSON form of their own: what is
//! hashed and signed are those bytes. Source: docs/PROTOCOL.md, "JSON".

mod error;
mod scan;

pub use error::{JsonError, JsonFault};
pub use scan::{JSON_DEPTH_MAX, scan};

use serde::{Serialize, de::DeserializeOwned};

/// Decodes a message from at most `max` bytes of JSON.
///
/// # Errors
/// [`JsonError`] names the fault and its place.
pub fn decode<M: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<M, JsonError> {
    if bytes.len() > max {
        return Err(JsonError::at_start(JsonFault::TooLong(max)));
    }
    let text = scan(bytes)?;
    serde_json::from_str(text).map_err(|error| JsonError::of_message(&error))
}

/// Encodes a message as JSON, without spaces or line breaks; fields with their default are left out.
///
/// # Errors
/// [`JsonFault::BadValue`] for an enum whose number has no name.
pub fn encode<M: Serialize>(message: &M) -> Result<String, JsonError> {
    serde_json::to_string(message).map_err(|_| JsonError::at_start(JsonFault::BadValue))
}
