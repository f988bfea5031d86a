//! Why a journal cannot be used.

use std::{
    io,
    path::{Path, PathBuf},
};

use dmpc::{NodeId, UserId};

use super::FORMAT;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another import has it.
    #[error("another import is using {path}")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A frame before the last one is not what was written.
    #[error("{path} is damaged at byte {offset}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
    },
    /// Written by another version of this program.
    #[error("{path} has format {found}, this program writes {FORMAT}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It belongs to another node.
    #[error("{path} belongs to an import into {journal}, and this node is {asked}")]
    OtherNode {
        /// The file.
        path: PathBuf,
        /// Its node.
        journal: NodeId,
        /// The node that answers.
        asked: NodeId,
    },
    /// It belongs to another root.
    #[error("{path} belongs to an import by {journal}, and --identity is {asked}")]
    OtherRoot {
        /// The file.
        path: PathBuf,
        /// Its root.
        journal: UserId,
        /// Who imports.
        asked: UserId,
    },
    /// A batch does not fit into a frame.
    #[error("a batch of {bytes} bytes does not fit into the journal")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

impl JournalError {
    /// What helps.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { .. } | Self::TooLarge { .. } => return None,
            Self::Locked { .. } => "wait for it, or import with an identity directory of its own",
            Self::Damaged { .. } => {
                "bring it back from a copy made after the last import; without it, import into a new node"
            }
            Self::Format { .. } => "go on with the version that began the import",
            Self::OtherNode { .. } => "give --grpc and --ws of that node, or choose another --identities directory",
            Self::OtherRoot { .. } => {
                "give the identity that began the import, or choose another --identities directory"
            }
        };
        Some(hint.to_owned())
    }
}

/// Names the file in what the system says.
pub(super) fn io_error(path: &Path) -> impl Fn(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { path: path.clone(), source }
}
