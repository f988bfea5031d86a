//! `arrival`: the order in which the node learnt of operations. Contiguous from 1; written once.
//!
//! ```text
//! key    local sequence u64
//! value  OpKey 40
//! ```

use dmpc::OpKey;

/// The key of a place.
pub(crate) fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

/// The place of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// The value of a place.
pub(crate) fn value(key: &OpKey) -> [u8; OpKey::LEN] {
    key.to_bytes()
}

/// The operation's key of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes).ok()
}
