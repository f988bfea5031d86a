//! `log`: the event log, and the truth. Never overwritten, never deleted.
//!
//! ```text
//! key    timestamp u64 | operation id 32        (the OpKey: its order is the order of everything)
//! value  the operation's bytes as received
//! ```

use dmpc::OpKey;

/// The key of an operation.
pub(crate) fn key(key: &OpKey) -> [u8; OpKey::LEN] {
    key.to_bytes()
}

/// The operation's key of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes).ok()
}
