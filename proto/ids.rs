//! Identifiers: 32-byte hashes with types of their own, their text forms, and the key that orders operations.

use std::{fmt, str::FromStr};

use bech32::{Bech32, Hrp};
use zeroize::Zeroizing;

use crate::hlc::Hlc;

/// Why a text or some bytes are not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not as many bytes as an id has.
    #[error("{what} has {actual} bytes instead of {expected}")]
    Length {
        /// The kind of id.
        what: &'static str,
        /// Its length in bytes.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// Not bech32, or its checksum is wrong.
    #[error("'{text}' is no {what}: not bech32, or mistyped")]
    Text {
        /// The kind of id.
        what: &'static str,
        /// The text given.
        text: String,
    },
    /// bech32 of something else.
    #[error("'{text}' is no {what}: it does not start with '{expected}1'")]
    Prefix {
        /// The kind of id.
        what: &'static str,
        /// Its prefix.
        expected: &'static str,
        /// The text given.
        text: String,
    },
}

/// Encodes bytes as bech32. The prefixes are constants of this crate, so the inner error cannot occur.
pub(crate) fn to_bech32(prefix: &'static str, bytes: &[u8]) -> Result<String, fmt::Error> {
    let hrp = Hrp::parse(prefix).map_err(|_| fmt::Error)?;
    // All of its room at once: secrets pass here, and a text that grows would leave copies behind.
    let length = bech32::encoded_length::<Bech32>(hrp, bytes).map_err(|_| fmt::Error)?;
    let mut text = String::with_capacity(length);
    bech32::encode_to_fmt::<Bech32, _>(&mut text, hrp, bytes).map_err(|_| fmt::Error)?;
    Ok(text)
}

/// Decodes bech32 with the prefix and length that are expected. Bits of the last letter that stand for no byte are zero,
/// so that one id has one text.
pub(crate) fn from_bech32<const N: usize>(
    what: &'static str,
    prefix: &'static str,
    text: &str,
) -> Result<[u8; N], IdError> {
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(text)
        .map_err(|_| IdError::Text { what, text: text.to_owned() })?;
    if checked.hrp().to_lowercase() != prefix {
        return Err(IdError::Prefix { what, expected: prefix, text: text.to_owned() });
    }
    checked.validate_segwit_padding().map_err(|_| IdError::Text { what, text: text.to_owned() })?;
    // Secrets pass here too.
    let bytes = Zeroizing::new(checked.byte_iter().collect::<Vec<u8>>());
    bytes.as_slice().try_into().map_err(|_| IdError::Length { what, expected: N, actual: bytes.len() })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Its length in bytes.
            pub const LEN: usize = $bytes;
            /// The human-readable prefix of its text form.
            pub const PREFIX: &'static str = $prefix;

            /// From its bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// From a slice.
            ///
            /// # Errors
            /// [`IdError::Length`] when the slice has another length.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                let bytes = bytes.try_into().map_err(|_| IdError::Length {
                    what: $what,
                    expected: $bytes,
                    actual: bytes.len(),
                })?;
                Ok(Self(bytes))
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&to_bech32($prefix, &self.0)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                from_bech32($what, $prefix, text).map(Self)
            }
        }
    };
}

id!(
    /// A user: the fingerprint of its two genesis public keys. Keys rotate, ids do not.
    UserId, 32, "user id", "dmpc"
);
id!(
    /// A channel: the hash of its opener and its open payload.
    ChannelId, 32, "channel id", "dmpcchannel"
);
id!(
    /// A node: the fingerprint of its two public keys.
    NodeId, 32, "node id", "dmpcnode"
);
id!(
    /// An operation: the hash of its body and certification.
    OpId, 32, "operation id", "dmpcop"
);
id!(
    /// An issue: the hash of a body that somebody else certifies.
    IssueId, 32, "issue id", "dmpcissue"
);
id!(
    /// An epoch: the hash of its key.
    KeyId, 32, "key id", "dmpckey"
);
id!(
    /// A lane: random, chosen by the device that signs.
    LaneId, 16, "lane id", "dmpclane"
);

/// The place of an operation in the order of everything: its timestamp, then its id. Nothing else orders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OpKey {
    /// The certification's timestamp, or the header's where the issuer certifies itself.
    pub timestamp: Hlc,
    /// The operation's id.
    pub id: OpId,
}

impl OpKey {
    /// Its length in bytes.
    pub const LEN: usize = 40;
    /// Before every operation: where the roots stand.
    pub const MIN: Self = Self { timestamp: Hlc::ZERO, id: OpId::from_bytes([0; 32]) };
    /// After every operation: the present.
    pub const MAX: Self = Self { timestamp: Hlc::MAX, id: OpId::from_bytes([0xff; 32]) };

    /// Big-endian timestamp, then id: bytes sort as keys do.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (head, tail) = bytes.split_at_mut(8);
        head.copy_from_slice(&self.timestamp.bits().to_be_bytes());
        tail.copy_from_slice(self.id.as_bytes());
        bytes
    }

    /// From the bytes that [`OpKey::to_bytes`] gives.
    ///
    /// # Errors
    /// [`IdError::Length`] when the slice has another length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        let wrong = || IdError::Length { what: "operation key", expected: Self::LEN, actual: bytes.len() };
        let (head, tail) = bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
        let id: [u8; 32] = tail.try_into().map_err(|_| wrong())?;
        Ok(Self { timestamp: Hlc::from_bits(u64::from_be_bytes(*head)), id: OpId::from_bytes(id) })
    }
}
