//! Backups: a copy of a node's directory as it was at one moment, with a manifest that names every file by its hash.
//! Source: docs/ARCHITECTURE.md, "Backups".
//!
//! ```text
//! manifest         what the backup is, and the size and hash of every other file
//! node.identity    the node's keys, unless they were left out
//! store/HEAD       what is in the copy counts as acknowledged
//! store/db/*       the database: a RocksDB checkpoint, copied byte by byte
//! ```

mod create;
mod files;
mod manifest;
mod restore;
mod verify;

use std::{
    io,
    path::{Path, PathBuf},
};

use dmpc::NodeId;

pub use create::{Hold, Order, create};
pub use manifest::{Entry, MANIFEST, Manifest};
pub use restore::{restore, since};
pub use verify::verify;

use crate::{StoreError, identity_file::IdentityFileError};

/// Where a node keeps its keys within its data directory, and a backup too.
pub const IDENTITY: &str = "node.identity";
/// Where both keep the store.
pub const STORE: &str = "store";

/// Why a backup cannot be made, or is none, or cannot be put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's keys cannot be read or made.
    #[error(transparent)]
    Identity(#[from] IdentityFileError),
    /// The system failed.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Something is where the copy is to be.
    #[error("{} exists; nothing is overwritten", .0.display())]
    Exists(PathBuf),
    /// No manifest: no backup, or one that was not finished.
    #[error("{} is no backup, or one that was not finished: it has no manifest", .0.display())]
    Absent(PathBuf),
    /// The manifest is not as it was written.
    #[error("the manifest is damaged: line {line} is not '{expected}'")]
    Manifest {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A file of the manifest is not there.
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    /// A file that the manifest does not name.
    #[error("{} is no part of the backup", .0.display())]
    Foreign(PathBuf),
    /// A file is not as it was written.
    #[error("{} is not what was written: {what}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// `its size` or `its hash`.
        what: &'static str,
    },
    /// The database says something else than the manifest.
    #[error("the database holds {found} operations and the manifest says {stated}, or their digests differ")]
    Head {
        /// Operations in the database.
        found: u64,
        /// Operations of the manifest.
        stated: u64,
    },
    /// The backup has no keys of its node.
    #[error("the backup was made without the node's identity; name its file")]
    NoIdentity,
    /// The keys are of another node.
    #[error("the identity is of {identity}, the backup of {backup}")]
    OtherNode {
        /// The node of the keys.
        identity: NodeId,
        /// The node of the backup.
        backup: NodeId,
    },
}

impl BackupError {
    /// Whether what is there is not what was written.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Absent(_)
            | Self::Manifest { .. }
            | Self::Missing(_)
            | Self::Foreign(_)
            | Self::Changed { .. }
            | Self::Head { .. } => true,
            Self::Store(error) => matches!(error, StoreError::Damaged { .. } | StoreError::BadOperation { .. }),
            Self::Identity(_) | Self::Io { .. } | Self::Exists(_) | Self::NoIdentity | Self::OtherNode { .. } => false,
        }
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Io { action, path, error }
}
