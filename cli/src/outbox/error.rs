//! Why an outbox cannot be used.

use std::{io, path::PathBuf};

use dmpc::operation::OperationError;

use super::UNACKNOWLEDGED_MAX;

/// Why an outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// A file cannot be read or written.
    #[error("outbox {path}: {source}")]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process signs with the same identity.
    #[error("outbox {path} is in use by another process")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// Others could read or change it.
    #[error("outbox {path} has mode {mode:04o}; it must be its owner's alone")]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It holds something that is no operation, under a checksum that is right.
    #[error("outbox {path} holds what is no operation: {source}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Which rule it breaks.
        source: OperationError,
    },
    /// Bytes in its middle are not what was written; what stands after them was signed and perhaps never sent.
    #[error("outbox {path} is damaged at byte {offset}, and whole records follow")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: usize,
    },
    /// Too much waits for an answer.
    #[error("outbox {path} holds {UNACKNOWLEDGED_MAX} operations that no node acknowledged")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// An earlier write failed, so what the file holds is not known.
    #[error("outbox {path} cannot be used after a failed write")]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
    /// No timestamp comes after those seen.
    #[error("no timestamp comes after {0}")]
    EndOfTime(dmpc::Hlc),
    /// A node's timestamps are from the future.
    #[error("the node's latest timestamp is {seconds} s ahead of this machine's clock")]
    Ahead {
        /// By so much.
        seconds: u64,
    },
    /// This machine's clock is behind what was seen with it before.
    #[error("the clock of this machine is {seconds} s behind the latest timestamp that was seen on it before")]
    ClockBehind {
        /// By so much.
        seconds: u64,
        /// The file that holds the latest timestamp.
        path: PathBuf,
    },
    /// A lane with 2^64 operations.
    #[error("the lane is full")]
    LaneFull,
}

impl OutboxError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mode { path, .. } => Some(format!("chmod 700 '{}'", path.display())),
            Self::Locked { .. } => Some("wait until the other command ends".to_owned()),
            Self::Ahead { .. } => Some("compare the clock of this machine with the node's".to_owned()),
            Self::ClockBehind { path, .. } => {
                Some(format!("set it right; if it was ahead before and is right now, remove '{}'", path.display()))
            }
            Self::Poisoned { .. } => Some("run the command again; what was signed is sent first".to_owned()),
            Self::Damaged { path, .. } => Some(format!(
                "put '{}' aside to start new lanes; what it holds unsent must be made anew",
                path.display()
            )),
            Self::Full { .. } => Some("run a command against the node that they are for".to_owned()),
            Self::Io { .. } | Self::Content { .. } | Self::EndOfTime(_) | Self::LaneFull => None,
        }
    }
}
