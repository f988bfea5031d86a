//! Why something cannot be sealed or opened.

use crate::{
    error::{Classified, ErrorClass},
    keys::KeyError,
    wire::WireError,
};

/// Why something cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not the beginning of a binary age file.
    #[error("the bytes are not binary age (armored or damaged)")]
    NotAge,
    /// A recipient type that the protocol does not have: scrypt, plugin, ssh, post-quantum.
    #[error("the age recipient type is not X25519")]
    ForeignStanza,
    /// Another number of recipients than allowed.
    #[error("the age file has {actual} X25519 recipients, {allowed} are allowed")]
    RecipientCount {
        /// As many as there are.
        actual: usize,
        /// At most so many.
        allowed: usize,
    },
    /// None of the recipients is the one who opens.
    #[error("it is not sealed to this key")]
    NotForThisKey,
    /// Changed, cut off, or sealed to something else.
    #[error("the sealed bytes were changed or cut off")]
    Tampered,
    /// age cannot seal.
    #[error("the recipient cannot be sealed to")]
    BadRecipient,
    /// Over a limit once opened.
    #[error("the opened bytes are more than {0}")]
    TooLarge(usize),
    /// What a wrap holds is for another purpose, channel, or member, or is another key than announced.
    #[error("the wrap holds no key of this epoch for this member of this channel")]
    WrapMismatch,
    /// A message of another epoch than the key's.
    #[error("the message is sealed under another epoch")]
    OtherEpoch,
    /// Not a message.
    #[error("the operation is not a message")]
    NotAMessage,
    /// What was opened is not well formed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A key is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Classified for SealError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::TooLarge(_) | Self::RecipientCount { .. } => ErrorClass::TooLarge,
            Self::Wire(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::NotAge
            | Self::ForeignStanza
            | Self::NotForThisKey
            | Self::Tampered
            | Self::BadRecipient
            | Self::WrapMismatch
            | Self::OtherEpoch
            | Self::NotAMessage => ErrorClass::CannotUnseal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotAge => "not_age",
            Self::ForeignStanza => "foreign_stanza",
            Self::RecipientCount { .. } => "recipient_count",
            Self::NotForThisKey => "not_sealed_to_this_key",
            Self::Tampered => "tampered_seal",
            Self::BadRecipient => "bad_recipient",
            Self::TooLarge(_) => "too_large",
            Self::WrapMismatch => "wrap_mismatch",
            Self::OtherEpoch => "other_epoch",
            Self::NotAMessage => "not_a_message",
            Self::Wire(error) => error.reason(),
            Self::Key(error) => error.reason(),
        }
    }
}
