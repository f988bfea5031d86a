//! Set reconciliation by range fingerprints: the messages of negentropy, protocol version 1, and the sums that its
//! fingerprints are of. What lives here: bytes and numbers. Who answers what is the node's.
//! Source: NIP-77 and the negentropy protocol, version 1 (Hoyte); Meyer, "Range-Based Set Reconciliation", 2023.

mod error;
mod message;
mod sum;
mod varint;

pub use error::ReconcileError;
pub use message::{Bound, FRAME_BYTES_MIN, Message, Mode, Range, Writer};
pub use sum::{FINGERPRINT_BYTES, Fingerprint, IdSum};

/// The first byte of every message: negentropy, version 1.
pub const PROTOCOL_BYTE: u8 = 0x61;
