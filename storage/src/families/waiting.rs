//! `waiting`: authentic operations kept aside: of certifiers never heard of, and those ahead of the clock. Deleted when
//! they are logged.
//!
//! ```text
//! key    OpKey 40
//! value  reason u8 | source 16 | the operation's bytes as received
//! ```

use bytes::Bytes;

use crate::outcome::{Source, Wait};

/// The value of an operation.
pub(crate) fn value(wait: Wait, source: &Source, operation: &[u8]) -> Vec<u8> {
    [&[wait.code()], source.0.as_slice(), operation].concat()
}

/// Reason, source and operation of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<(Wait, Source, Bytes)> {
    let (code, rest) = bytes.split_first()?;
    let (source, operation) = rest.split_first_chunk::<16>()?;
    let wait = Wait::ALL.iter().find(|wait| wait.code() == *code)?;
    Some((*wait, Source(*source), Bytes::copy_from_slice(operation)))
}
