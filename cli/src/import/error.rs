//! Why an import stops, its exit code, and what helps.

use std::path::PathBuf;

use dmpc::{UserId, ids::IdError, keys::KeyError, transaction::TransactionError};

use super::{events::InputError, journal::JournalError, people::PeopleError, plan::PlanError, sign::SignError};
use crate::error::{CliError, Exit};

/// Why an import stops. What stands before stays imported; the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
    /// The input cannot be read on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Identity files cannot be written.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// There is more in the conversation than an import holds.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The journal was made from other lines.
    #[error("{}: the first {events} events are not those that were imported with this identity directory", file.display())]
    OtherInput {
        /// The input.
        file: PathBuf,
        /// So many were consumed.
        events: u64,
    },
    /// An operation cannot be signed or taken from the journal.
    #[error("line {line}: {source}")]
    Sign {
        /// The event's line.
        line: u64,
        /// What is wrong.
        source: SignError,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An id of the node is none.
    #[error("the node's answer breaks the protocol: {0}")]
    NodeId(#[from] IdError),
    /// A transaction cannot be sealed.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// Who imports is no root of the node.
    #[error("{user} is no root user of this node")]
    NotRoot {
        /// Who imports.
        user: UserId,
    },
    /// The node will not have what comes from a line.
    #[error("the node refuses what comes from line {line} on: {detail} ({reason})")]
    Refused {
        /// The line of the first event.
        line: u64,
        /// Stable words for programs.
        reason: String,
        /// One sentence for people.
        detail: String,
    },
    /// The connection failed.
    #[error(transparent)]
    Client(#[from] CliError),
    /// The other half of the import stopped, and says why itself.
    #[error("the import stopped")]
    Stopped,
}

impl ImportError {
    /// What helps.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Journal(error) => return error.hint(),
            Self::Input(_) => {
                "what stands before that line is imported; correct the line and give the same command again"
            }
            Self::People(PeopleError::Io { .. }) | Self::Plan(_) | Self::Key(_) => return None,
            Self::NodeId(_) | Self::Transaction(_) => return None,
            Self::People(PeopleError::Orphaned { .. } | PeopleError::Foreign { .. }) => {
                "choose another --identities directory"
            }
            Self::OtherInput { .. } => {
                "give the file that the import began with, or choose another --identities directory"
            }
            Self::Sign { source: SignError::BeforeKey, .. } => {
                "an identity file of before the rotation imports what happened before it"
            }
            Self::Sign { .. } => "go on with the version of this program that began the import",
            Self::NotRoot { .. } => "--identity takes the file that dmpc-node init --root made",
            Self::Refused { .. } | Self::Stopped => "the same command goes on from there",
            Self::Client(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        let exit = match error {
            ImportError::Client(error) => return error,
            ImportError::NotRoot { .. } | ImportError::Key(_) => Exit::Denied,
            ImportError::Input(_)
            | ImportError::Journal(_)
            | ImportError::People(_)
            | ImportError::Plan(_)
            | ImportError::OtherInput { .. }
            | ImportError::Sign { .. }
            | ImportError::NodeId(_)
            | ImportError::Transaction(_)
            | ImportError::Refused { .. }
            | ImportError::Stopped => Exit::Failed,
        };
        let hint = error.hint();
        Self::command(exit, error, hint)
    }
}
