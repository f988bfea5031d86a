//! What a frame of the journal holds.

use std::fmt;

use bytes::Bytes;
use prost::Message;
use zeroize::Zeroize;

/// The first frame: what the journal belongs to.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(uint32, tag = "1")]
    pub(super) format: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) node: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) root: Vec<u8>,
}

/// A batch of events, and all that was made of it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Frame {
    /// Users whom it introduces, in their order.
    #[prost(message, repeated, tag = "1")]
    pub(crate) people: Vec<NewPerson>,
    /// Signed operations, in their order.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub(crate) operations: Vec<Bytes>,
    /// Events consumed, from the first one on.
    #[prost(uint64, tag = "3")]
    pub(crate) events: u64,
    /// Digest of their lines.
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) digest: Vec<u8>,
    /// So many operations, from the first one on, were acknowledged when this was written. May lag, is never ahead.
    #[prost(uint64, tag = "5")]
    pub(crate) acknowledged: u64,
}

/// The secrets of a new user.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct NewPerson {
    /// The text of its identity file.
    #[prost(string, tag = "1")]
    pub(crate) identity: String,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPerson")
    }
}

impl Drop for NewPerson {
    fn drop(&mut self) {
        self.identity.zeroize();
    }
}

/// How far the journal's import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Events consumed.
    pub(crate) events: u64,
    /// Operations signed.
    pub(crate) operations: u64,
    /// Of these, so many from the first one on were acknowledged.
    pub(crate) acknowledged: u64,
}
