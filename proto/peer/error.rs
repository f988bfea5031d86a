//! Why bytes are no frame.

use crate::{
    error::{Classified, ErrorClass},
    wire::{WireError, schemas::PEER_FRAME_BYTES_MAX},
};

/// Why bytes are no frame between nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerFrameError {
    /// The encoding is not strict.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Over the limit.
    #[error("the frame has {0} bytes, {PEER_FRAME_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// None of its fields is there, or more than one.
    #[error("a frame between nodes has exactly one field, this one has {0}")]
    NotOneField(usize),
    /// Everything and single channels, channels that do not ascend, or a number that counts from 1 and is 0.
    #[error("the terms of the other node contradict themselves: {0}")]
    Terms(&'static str),
    /// Ids that are not whole or do not ascend, or none.
    #[error("a want asks for ids that ascend, at least one, with a number from 1 on")]
    Want,
    /// No operation, or too many bytes of them.
    #[error("a frame of operations has at least one or ends an answer, and is within its bounds")]
    Operations,
    /// An outcome that there is not, or reasons that do not fit.
    #[error("outcomes are numbers from 1 to 7, with a reason for each that is refused or bad")]
    Outcomes,
}

impl Classified for PeerFrameError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Wire(error) => error.class(),
            Self::TooLarge(_) => ErrorClass::TooLarge,
            Self::NotOneField(_) | Self::Terms(_) | Self::Want | Self::Operations | Self::Outcomes => {
                ErrorClass::Malformed
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.reason(),
            Self::TooLarge(_) => "peer_frame_too_large",
            Self::NotOneField(_) => "peer_frame_not_one_field",
            Self::Terms(_) => "peer_terms_contradict",
            Self::Want => "peer_want_unordered",
            Self::Operations => "peer_operations_misplaced",
            Self::Outcomes => "peer_outcomes_misplaced",
        }
    }
}
