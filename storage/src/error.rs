//! Why the store cannot be opened, read or written.

use std::path::PathBuf;

use dmpc::{OpKey, cursor::ForeignCursor, operation::OperationError};

use crate::WalPlace;

/// Why the store cannot be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No store at this place.
    #[error("there is no store in {}; make one with 'dmpc-node init'", .0.display())]
    Absent(PathBuf),
    /// A store at the place where one is to be made.
    #[error("there is a store in {} already; it is not overwritten", .0.display())]
    Exists(PathBuf),
    /// Another process has it open for writing.
    #[error("the store in {} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// Written by a later version.
    #[error("the store has format {found}, this program knows {known}; use a newer one")]
    TooNew {
        /// Its format.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// What was acknowledged is not there: the disk lost it, or somebody took it away.
    #[error(
        "the log ends at arrival {log} but {acknowledged} operations were acknowledged, the last {key:?} ({place}); nothing was changed"
    )]
    AcknowledgedLost {
        /// Arrivals in the log.
        log: u64,
        /// Arrivals that were acknowledged.
        acknowledged: u64,
        /// The key of the last one acknowledged.
        key: OpKey,
        /// Where the write-ahead log is damaged, or ends.
        place: WalPlace,
    },
    /// What was acknowledged as kept aside is not there.
    #[error(
        "the store kept {kept} operations aside but {acknowledged} were acknowledged as kept aside ({place}); nothing was changed"
    )]
    KeptAsideLost {
        /// Operations that the store kept aside, ever.
        kept: u64,
        /// Those that were acknowledged.
        acknowledged: u64,
        /// Where the write-ahead log is damaged, or ends.
        place: WalPlace,
    },
    /// Bytes in the store that cannot be what was written.
    #[error("the store is damaged: {family}: {what}")]
    Damaged {
        /// The column family.
        family: &'static str,
        /// What is wrong.
        what: String,
    },
    /// RocksDB found bytes that are not what it wrote; it names the file and the place.
    #[error("the store is damaged: {context}: {message}")]
    Corrupt {
        /// What was done.
        context: &'static str,
        /// What RocksDB said.
        message: String,
    },
    /// An operation in the log that is none.
    #[error("the log is damaged at {key:?}: {error}")]
    BadOperation {
        /// Where.
        key: OpKey,
        /// What is wrong.
        error: OperationError,
    },
    /// An earlier write failed; nothing more is written until the process is started anew.
    #[error("an earlier write failed, nothing more is written; restart the node")]
    Poisoned,
    /// RocksDB or the file system failed.
    #[error("{context}: {message}")]
    Io {
        /// What was done.
        context: &'static str,
        /// What the system said.
        message: String,
    },
    /// Operations are still to be judged again, so what the node keeps is not final.
    #[error("the node is judging operations again, and is not done; try again later")]
    Rejudging,
    /// A cursor that this store did not make.
    #[error(transparent)]
    ForeignCursor(#[from] ForeignCursor),
    /// A bound of the store: more users, channels or lanes than it can name. The writer refuses what could come to it.
    #[error("the store can name no more {0}")]
    Full(&'static str),
}

impl StoreError {
    /// Whether the store is not what was written, so that an operator has to decide what becomes of it.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::AcknowledgedLost { .. }
            | Self::KeptAsideLost { .. }
            | Self::Damaged { .. }
            | Self::Corrupt { .. }
            | Self::BadOperation { .. } => true,
            Self::Absent(_)
            | Self::Exists(_)
            | Self::Locked(_)
            | Self::TooNew { .. }
            | Self::Poisoned
            | Self::Io { .. }
            | Self::Rejudging
            | Self::ForeignCursor(_)
            | Self::Full(_) => false,
        }
    }
}
