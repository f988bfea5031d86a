//! Why something cannot be sealed or opened.

use crate::{
    error::{Classified, ErrorClass},
    keys::KeyError,
    wire::WireError,
};

/// Recipient types of age that the protocol does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignStanza {
    /// A passphrase.
    Scrypt,
    /// A key of SSH.
    Ssh,
    /// A hybrid of X25519 or P-256 with ML-KEM.
    PostQuantum,
    /// Any other: plugins, whose tags anybody chooses.
    Other,
}

impl ForeignStanza {
    /// The type that a stanza's tag, which is neither X25519's nor grease, stands for.
    pub(super) fn of(tag: &[u8]) -> Self {
        match tag {
            b"scrypt" => Self::Scrypt,
            tag if tag.starts_with(b"ssh-") => Self::Ssh,
            tag if tag.starts_with(b"mlkem768") => Self::PostQuantum,
            _ => Self::Other,
        }
    }
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not the beginning of a binary age file.
    #[error("the bytes are not an age file, or a damaged one")]
    NotAge,
    /// age in its text form.
    #[error("the age file is armored; the protocol has binary ones alone")]
    Armored,
    /// A recipient type that the protocol does not have.
    #[error("the age recipient type ({0:?}) is not X25519")]
    ForeignStanza(ForeignStanza),
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
    /// What a wrap holds is for another purpose, channel, or member.
    #[error("the wrap holds no epoch key for this member of this channel")]
    WrapMismatch,
    /// A wrap holds another key than its key id says.
    #[error("the wrap holds another key than the key id names")]
    KeyIdMismatch,
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
            | Self::Armored
            | Self::ForeignStanza(_)
            | Self::NotForThisKey
            | Self::Tampered
            | Self::BadRecipient
            | Self::WrapMismatch
            | Self::KeyIdMismatch
            | Self::OtherEpoch
            | Self::NotAMessage => ErrorClass::CannotUnseal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotAge => "not_age",
            Self::Armored => "armored",
            Self::ForeignStanza(ForeignStanza::Scrypt) => "scrypt_stanza",
            Self::ForeignStanza(ForeignStanza::Ssh) => "ssh_stanza",
            Self::ForeignStanza(ForeignStanza::PostQuantum) => "post_quantum_stanza",
            Self::ForeignStanza(ForeignStanza::Other) => "foreign_stanza",
            Self::RecipientCount { .. } => "recipient_count",
            Self::NotForThisKey => "not_sealed_to_this_key",
            Self::Tampered => "tampered_seal",
            Self::BadRecipient => "bad_recipient",
            Self::TooLarge(_) => "too_large",
            Self::WrapMismatch => "wrap_mismatch",
            Self::KeyIdMismatch => "key_id_mismatch",
            Self::OtherEpoch => "other_epoch",
            Self::NotAMessage => "not_a_message",
            Self::Wire(error) => error.reason(),
            Self::Key(error) => error.reason(),
        }
    }
}
