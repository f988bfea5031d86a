//! Why bytes are not an operation: one variant per broken rule.

use crate::{
    PROTOCOL_VERSION,
    error::{Classified, ErrorClass},
    ids::{IdError, UserId},
    keys::KeyError,
    seal::{SealError, TAG_BYTES},
    wire::{WireError, schemas::OPERATION_BYTES_MAX},
};

/// Why bytes are not an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The encoding is not strict.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// An id has another length.
    #[error("a field is missing or short: {0}")]
    Id(#[from] IdError),
    /// A key or signature is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Sealed bytes that the protocol does not have.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Over the limit of an operation.
    #[error("the operation has {bytes} bytes, {OPERATION_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
    /// Another protocol version.
    #[error("version {0} is unknown, this is version {PROTOCOL_VERSION}")]
    UnknownVersion(u32),
    /// Another kind than those of this version.
    #[error("kind {0} is unknown")]
    UnknownKind(i32),
    /// A channel kind without a channel, or a user kind with one.
    #[error("the header's channel does not fit its kind")]
    ChannelMisplaced,
    /// A message without a key id, or another kind with one.
    #[error("the header's key id does not fit its kind")]
    KeyIdMisplaced,
    /// A timestamp of zero: before every operation.
    #[error("the timestamp is zero")]
    ZeroTimestamp,
    /// The certifier is the issuer, yet named.
    #[error("the issuer names itself as certifier; that is said by leaving it out")]
    SelfNamed,
    /// The header has a link and a certifier, or neither.
    #[error("a link stands in the header exactly when the issuer certifies itself")]
    LinkMisplaced,
    /// A link that cannot be: sequence 0, or zeros for a predecessor after the first, or a predecessor before it.
    #[error("the link's predecessor does not fit its sequence number")]
    BadLink,
    /// The header names a certifier whose certification is absent.
    #[error("the certification is missing")]
    CertificationMissing,
    /// The header names no certifier, yet there is a certification.
    #[error("there is a certification that the header does not name")]
    CertificationNotWanted,
    /// The certification is of another issue.
    #[error("the certification is of another issue")]
    CertificationOfOther,
    /// The certification is stamped before the issue.
    #[error("the certification is stamped before the issue")]
    CertifiedTooEarly,
    /// The channel's id is not the hash of opener and genesis.
    #[error("the channel id is not the hash of opener and genesis")]
    ChannelIdMismatch,
    /// The opener stands among the first members.
    #[error("the opener is a member with all rights; it is not listed")]
    OpenerListed,
    /// Users do not stand in ascending order, or one stands twice.
    #[error("users do not stand in ascending order, or one stands twice")]
    NotAscending,
    /// A user is set and removed at once.
    #[error("a user is set and removed at once")]
    SetAndRemoved,
    /// A wrap for a user who is not set by this operation.
    #[error("a wrap is for a user whom this operation does not set")]
    WrapForStranger,
    /// Nothing is written.
    #[error("the operation changes nothing")]
    Empty,
    /// A ciphertext that cannot hold its tag.
    #[error("the ciphertext has {0} bytes, its tag alone has {TAG_BYTES}")]
    CiphertextTooShort(usize),
    /// Somebody certifies an issue that names another certifier. Made by who certifies; no bytes give it.
    #[error("the issue names {named} as its certifier, not {certifier}")]
    NotTheCertifier {
        /// Whom it names.
        named: UserId,
        /// Who would certify it.
        certifier: UserId,
    },
}

impl Classified for OperationError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Wire(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::Seal(error) => error.class(),
            Self::TooLarge { .. } => ErrorClass::TooLarge,
            Self::Id(_)
            | Self::UnknownVersion(_)
            | Self::UnknownKind(_)
            | Self::ChannelMisplaced
            | Self::KeyIdMisplaced
            | Self::ZeroTimestamp
            | Self::SelfNamed
            | Self::LinkMisplaced
            | Self::BadLink
            | Self::CertificationMissing
            | Self::CertificationNotWanted
            | Self::CertificationOfOther
            | Self::CertifiedTooEarly
            | Self::ChannelIdMismatch
            | Self::OpenerListed
            | Self::NotAscending
            | Self::SetAndRemoved
            | Self::WrapForStranger
            | Self::Empty
            | Self::CiphertextTooShort(_)
            | Self::NotTheCertifier { .. } => ErrorClass::Malformed,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Seal(error) => error.reason(),
            Self::Id(_) => "missing_field",
            Self::TooLarge { .. } => "operation_too_large",
            Self::UnknownVersion(_) => "unknown_version",
            Self::UnknownKind(_) => "unknown_kind",
            Self::ChannelMisplaced => "channel_misplaced",
            Self::KeyIdMisplaced => "key_id_misplaced",
            Self::ZeroTimestamp => "zero_timestamp",
            Self::SelfNamed => "self_named",
            Self::LinkMisplaced => "link_misplaced",
            Self::BadLink => "bad_link",
            Self::CertificationMissing => "certification_missing",
            Self::CertificationNotWanted => "certification_not_wanted",
            Self::CertificationOfOther => "certification_of_other_issue",
            Self::CertifiedTooEarly => "certified_too_early",
            Self::ChannelIdMismatch => "channel_id_mismatch",
            Self::OpenerListed => "opener_listed",
            Self::NotAscending => "not_ascending",
            Self::SetAndRemoved => "set_and_removed",
            Self::WrapForStranger => "wrap_for_stranger",
            Self::Empty => "changes_nothing",
            Self::CiphertextTooShort(_) => "ciphertext_too_short",
            Self::NotTheCertifier { .. } => "not_the_certifier",
        }
    }
}
