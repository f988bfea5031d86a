//! Why a request is not answered, or a subscription ends.

use dmpc::{
    cursor::ForeignCursor,
    error::{Classified, ErrorClass},
    node_proof::CHALLENGE_BYTES,
    request::RequestError,
    seal::SealError,
    transaction::TransactionError,
};
use dmpc_storage::StoreError;

use crate::lifecycle::Interrupted;

/// Why a request is not answered, or a subscription ends.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The transaction around the request is not understood.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The request is not understood, or not fresh.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Operations where a request belongs.
    #[error("the transaction carries operations; they are submitted, not read")]
    NotARequest,
    /// A challenge of another length.
    #[error("a challenge has {CHALLENGE_BYTES} bytes, this one has {0}")]
    Challenge(usize),
    /// Too many requests to remember.
    #[error("the node answered too many requests within their lifetime; try again in a minute")]
    TooManyRequests,
    /// More requests in a second than the node takes from one user.
    #[error("the asker sends more requests a second than the node takes from one user; try again in a second")]
    TooFast,
    /// The asker is not a user of this node.
    #[error("the asker is no user of this node")]
    UnknownUser,
    /// The asker is deactivated.
    #[error("the asker is deactivated")]
    UserInactive,
    /// The asker's key is another now.
    #[error("the request is signed with a key that is not the asker's present one")]
    KeyNotCurrent,
    /// A global permission is missing.
    #[error("the asker lacks the permission {0}")]
    PermissionMissing(&'static str),
    /// Neither a global permission nor membership.
    #[error("the asker is no member of the channel and lacks the permission channel.read")]
    NotAMember,
    /// A right is missing.
    #[error("the asker lacks the right to read in the channel")]
    RightMissing,
    /// No such channel.
    #[error("no channel of this node has this id")]
    UnknownChannel,
    /// A cursor of another node, or of a history that this one does not have.
    #[error(transparent)]
    Reset(ForeignCursor),
    /// As many subscriptions as there may be.
    #[error("the node has as many subscriptions as its limits.subscriptions allows; try again later")]
    Subscriptions,
    /// The subscriber did not take a batch in time.
    #[error("the subscriber took no events for too long; subscribe again from the last cursor")]
    SlowSubscriber,
    /// The answer cannot be sealed.
    #[error("the answer cannot be sealed to reply_to: {0}")]
    Seal(SealError),
    /// The node ends.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The store fails. What it says is for the node's log.
    #[error("the node cannot read its store; its log says why")]
    Store,
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        if let StoreError::ForeignCursor(error) = error {
            return Self::Reset(error);
        }
        tracing::error!(%error, "a read failed");
        Self::Store
    }
}

impl Classified for ReadError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Transaction(error) => error.class(),
            Self::Request(error) => error.class(),
            Self::Interrupted(error) => error.class(),
            Self::NotARequest | Self::Challenge(_) => ErrorClass::Malformed,
            Self::KeyNotCurrent => ErrorClass::Unauthentic,
            Self::UnknownUser
            | Self::UserInactive
            | Self::PermissionMissing(_)
            | Self::NotAMember
            | Self::RightMissing => ErrorClass::PermissionDenied,
            Self::UnknownChannel => ErrorClass::NotFound,
            Self::Reset(error) => error.class(),
            Self::TooManyRequests | Self::TooFast | Self::Subscriptions | Self::SlowSubscriber => {
                ErrorClass::Overloaded
            }
            Self::Seal(error) => error.class(),
            Self::Store => ErrorClass::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Transaction(error) => error.reason(),
            Self::Request(error) => error.reason(),
            Self::Interrupted(error) => error.reason(),
            Self::NotARequest => "not_a_request",
            Self::Challenge(_) => "wrong_length",
            Self::TooManyRequests => "too_many_requests",
            Self::TooFast => "too_fast",
            Self::UnknownUser => "unknown_user",
            Self::UserInactive => "user_inactive",
            Self::KeyNotCurrent => "key_not_current",
            Self::PermissionMissing(_) => "permission_missing",
            Self::NotAMember => "not_a_member",
            Self::RightMissing => "right_missing",
            Self::UnknownChannel => "unknown_channel",
            Self::Reset(error) => error.reason(),
            Self::Subscriptions => "too_many_subscriptions",
            Self::SlowSubscriber => "slow_subscriber",
            Self::Seal(error) => error.reason(),
            Self::Store => "internal",
        }
    }
}
