//! Exported logs: the operations of a log as they were received, in the order of their keys, in one file.
//! Readers and writers take streams and know no file. Source: docs/PROTOCOL.md, "Exported logs".
//!
//! ```text
//! header     magic 8 | version u32 | scope u8 | length of the genesis u32 | node id 32, and of each root:
//!            user id 32, signing key 32, encryption key 32
//! operation  length u32 | the operation's bytes as received
//! trailer    0 u32 | operations u64 | log digest 32 | hash of everything before 32
//! ```

mod read;
mod verify;
mod write;

use std::io;

use dmpc::OpKey;

pub use read::{Frame, LogFileReader};
pub use verify::{Flaw, Found, Verification, verify};
pub use write::LogFileWriter;

use crate::Genesis;

/// What every exported log begins with.
pub const MAGIC: &[u8; 8] = b"dmpc log";
/// The version that this program reads and writes.
pub const VERSION: u32 = 1;
/// Roots that a header may name.
pub const ROOTS_MAX: usize = 1_024;

/// How much of a log a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All operations of the log at one moment: the digest is that of the node.
    Whole,
    /// Some of them, chosen by who exported them.
    Part,
}

/// What an exported log says before its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How much of the log it holds.
    pub scope: Scope,
    /// The node that it comes from, and its roots.
    pub genesis: Genesis,
}

/// What an exported log says behind its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// How many they are.
    pub operations: u64,
    /// The log digest over their ids.
    pub log_digest: [u8; 32],
}

/// Why bytes are no exported log, or cannot be read or written. Offsets are bytes from the beginning.
#[derive(Debug, thiserror::Error)]
pub enum LogFileError {
    /// The stream failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It begins with something else.
    #[error("this is no exported log: it does not begin with 'dmpc log'")]
    Magic,
    /// Written by a later version.
    #[error("the exported log has version {0}, this program knows {VERSION}; use a newer one")]
    Version(u32),
    /// The header cannot be what was written.
    #[error("the header is damaged: {0}")]
    Header(&'static str),
    /// It ends in the middle: part of it was lost.
    #[error("at byte {offset}: the file ends before its trailer")]
    Truncated {
        /// Where the frame began that is not whole.
        offset: u64,
    },
    /// A length that no operation has.
    #[error("at byte {offset}: a length of {bytes} bytes, which no operation has")]
    Length {
        /// Where.
        offset: u64,
        /// The length.
        bytes: u32,
    },
    /// The trailer states another number of operations.
    #[error("at byte {offset}: the trailer states {stated} operations, there are {counted}")]
    Count {
        /// Where the trailer begins.
        offset: u64,
        /// What it states.
        stated: u64,
        /// What there is.
        counted: u64,
    },
    /// The trailer has another checksum: something before it was changed.
    #[error("at byte {offset}: the checksum is another one; something before it was changed")]
    Checksum {
        /// Where the trailer begins.
        offset: u64,
    },
    /// Something stands behind the trailer.
    #[error("at byte {offset}: bytes behind the trailer")]
    TrailingBytes {
        /// Where they begin.
        offset: u64,
    },
    /// An operation that does not stand after the one before it, when it is written.
    #[error("{key:?} does not come after {before:?}")]
    Order {
        /// The operation.
        key: OpKey,
        /// The one before it.
        before: OpKey,
    },
}

impl LogFileError {
    /// Where it is, if it is at one place.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Magic | Self::Version(_) | Self::Header(_) => Some(0),
            Self::Truncated { offset }
            | Self::Length { offset, .. }
            | Self::Count { offset, .. }
            | Self::Checksum { offset }
            | Self::TrailingBytes { offset } => Some(*offset),
            Self::Io(_) | Self::Order { .. } => None,
        }
    }
}
