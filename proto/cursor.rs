//! Cursors: where a page or a subscription goes on. Opaque to clients, who give back what they were given; read by the
//! node that made them. What lives here: the bytes. Whether a place is one of this node is the store's question.
//! Source: docs/PROTOCOL.md, "Cursors".
//!
//! ```text
//! cursor  1 u8 | what u8 | place
//! what    1 events    generation 16 | sequence u64
//!         2 messages  OpKey 40
//!         3 users     generation 16 | number u32
//!         4 channels  generation 16 | number u32
//!         5 epochs    OpKey 40 of the epoch | OpKey 40 of the last wraps, zeros before the first
//!         6 members   generation 16 | number u32
//!         7 keys      use u8 (1 signing, 2 encryption) | OpKey 40
//!         8 lanes     lane 16 | seq u64 | operation id 32
//! ```
//!
//! Sequences and numbers are local to a node, and a node that was put back from a copy gives them anew: so they stand
//! beside the generation, which names the stretch of a node's history that they were given in.

use bytes::Bytes;

use crate::{
    error::{Classified, ErrorClass},
    ids::{LaneId, OpId, OpKey},
};

/// The layout that this version writes and reads.
const VERSION: u8 = 1;

/// Names a stretch of a node's history: what it learnt between one start and the next. Random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation([u8; Self::LEN]);

impl Generation {
    /// Its length in bytes.
    pub const LEN: usize = 16;

    /// From random bytes, or those of a stored one.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// What a user's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUse {
    /// It verifies signatures.
    Signing,
    /// It is sealed to.
    Encryption,
}

impl KeyUse {
    /// Its number, in cursors and on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Signing => 1,
            Self::Encryption => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Signing),
            2 => Some(Self::Encryption),
            _ => None,
        }
    }
}

/// A place after which a page or a subscription goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// After an event of the feed.
    Events {
        /// The stretch of history that the sequence was given in.
        generation: Generation,
        /// Local sequence of the event.
        sequence: u64,
    },
    /// After a message; the same on every node.
    Messages(OpKey),
    /// After a user.
    Users {
        /// The stretch of history that the number was given in.
        generation: Generation,
        /// Local number of the user.
        number: u32,
    },
    /// After a channel.
    Channels {
        /// The stretch of history that the number was given in.
        generation: Generation,
        /// Local number of the channel.
        number: u32,
    },
    /// Among the epochs of a channel, the same on every node: after these wraps of this epoch.
    Epochs {
        /// What introduced the epoch.
        epoch: OpKey,
        /// The last operation whose wraps of it were given; [`OpKey::MIN`] before the first.
        wraps: OpKey,
    },
    /// Among the members of a channel, which come after all its epochs.
    Members {
        /// The stretch of history that the number was given in.
        generation: Generation,
        /// Local number of the last member; 0 before the first.
        number: u32,
    },
    /// After a key of a user; the same on every node.
    Keys {
        /// What the key is for.
        purpose: KeyUse,
        /// What made it the user's; [`OpKey::MIN`] for a root's first.
        from: OpKey,
    },
    /// After a place in a lane of a key; the same on every node.
    Lanes {
        /// The lane.
        lane: LaneId,
        /// The place.
        seq: u64,
        /// The operation at it.
        operation: OpId,
    },
}

/// Bytes that are no cursor, or one of something else, of another node or of a history that this node does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of this node's present history for this query; start again without it")]
pub struct ForeignCursor;

impl Classified for ForeignCursor {
    fn class(&self) -> ErrorClass {
        ErrorClass::StaleRequest
    }

    fn reason(&self) -> &'static str {
        "reset"
    }
}

impl Cursor {
    /// Its bytes.
    pub fn encode(&self) -> Bytes {
        let mut bytes = vec![VERSION, self.what()];
        match self {
            Self::Events { generation, sequence } => {
                bytes.extend(generation.as_bytes());
                bytes.extend(sequence.to_be_bytes());
            }
            Self::Messages(key) => bytes.extend(key.to_bytes()),
            Self::Users { generation, number }
            | Self::Channels { generation, number }
            | Self::Members { generation, number } => {
                bytes.extend(generation.as_bytes());
                bytes.extend(number.to_be_bytes());
            }
            Self::Epochs { epoch, wraps } => {
                bytes.extend(epoch.to_bytes());
                bytes.extend(wraps.to_bytes());
            }
            Self::Keys { purpose, from } => {
                bytes.push(purpose.code());
                bytes.extend(from.to_bytes());
            }
            Self::Lanes { lane, seq, operation } => {
                bytes.extend(lane.as_bytes());
                bytes.extend(seq.to_be_bytes());
                bytes.extend(operation.as_bytes());
            }
        }
        bytes.into()
    }

    /// From the bytes that [`Cursor::encode`] gives, and from no others.
    ///
    /// # Errors
    /// [`ForeignCursor`]
    pub fn decode(bytes: &[u8]) -> Result<Self, ForeignCursor> {
        let [VERSION, what, place @ ..] = bytes else { return Err(ForeignCursor) };
        Self::parse(*what, place).ok_or(ForeignCursor)
    }

    const fn what(&self) -> u8 {
        match self {
            Self::Events { .. } => 1,
            Self::Messages(_) => 2,
            Self::Users { .. } => 3,
            Self::Channels { .. } => 4,
            Self::Epochs { .. } => 5,
            Self::Members { .. } => 6,
            Self::Keys { .. } => 7,
            Self::Lanes { .. } => 8,
        }
    }

    fn parse(what: u8, place: &[u8]) -> Option<Self> {
        match what {
            1 => {
                let (generation, sequence) = split_generation(place)?;
                Some(Self::Events { generation, sequence: u64::from_be_bytes(sequence.try_into().ok()?) })
            }
            2 => OpKey::from_slice(place).ok().map(Self::Messages),
            3 => numbered(place).map(|(generation, number)| Self::Users { generation, number }),
            4 => numbered(place).map(|(generation, number)| Self::Channels { generation, number }),
            5 => {
                let (epoch, wraps) = place.split_first_chunk::<{ OpKey::LEN }>()?;
                Some(Self::Epochs { epoch: OpKey::from_slice(epoch).ok()?, wraps: OpKey::from_slice(wraps).ok()? })
            }
            6 => numbered(place).map(|(generation, number)| Self::Members { generation, number }),
            7 => {
                let (code, from) = place.split_first()?;
                Some(Self::Keys { purpose: KeyUse::from_code(*code)?, from: OpKey::from_slice(from).ok()? })
            }
            8 => {
                let (lane, rest) = place.split_first_chunk::<{ LaneId::LEN }>()?;
                let (seq, operation) = rest.split_first_chunk::<8>()?;
                let operation = OpId::from_slice(operation).ok()?;
                Some(Self::Lanes { lane: LaneId::from_bytes(*lane), seq: u64::from_be_bytes(*seq), operation })
            }
            _ => None,
        }
    }
}

fn split_generation(place: &[u8]) -> Option<(Generation, &[u8])> {
    let (generation, rest) = place.split_first_chunk::<{ Generation::LEN }>()?;
    Some((Generation(*generation), rest))
}

fn numbered(place: &[u8]) -> Option<(Generation, u32)> {
    let (generation, number) = split_generation(place)?;
    Some((generation, u32::from_be_bytes(number.try_into().ok()?)))
}
