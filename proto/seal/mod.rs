//! Sealing: age for keys and transactions, XChaCha20-Poly1305 for content. Source: docs/PROTOCOL.md, "Sealing";
//! the age specification (C2SP); draft-irtf-cfrg-xchacha.

mod age_bytes;
mod content;
mod epoch;
mod error;

pub use age_bytes::{open_age, require_plain_x25519, seal_age};
pub use content::{NONCE_BYTES, TAG_BYTES, open_content, seal_content};
pub use epoch::EpochKey;
pub use error::{ForeignStanza, SealError};
