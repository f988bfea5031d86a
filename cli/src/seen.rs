//! The latest timestamp that a user has seen on this machine, kept in a file: whatever it signs is stamped above it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use dmpc::Hlc;
use dmpc_storage::identity_file::make_private_directory;
use rustix::fs::{FlockOperation, flock};

use crate::outbox::OutboxError;

/// Milliseconds that a node may be ahead of this machine: it takes operations up to 60 s ahead, and clocks differ.
const AHEAD_MAX_MS: u64 = 120_000;

const FILE: &str = "seen";
const FILE_MODE: u32 = 0o600;

/// The latest timestamp seen.
#[derive(Debug)]
pub struct Seen {
    path: PathBuf,
    file: File,
    latest: Hlc,
}

impl Seen {
    /// Opens the file in a user's state directory, making both where they are missing.
    ///
    /// # Errors
    /// [`OutboxError::Io`]
    pub fn open(directory: &Path) -> Result<Self, OutboxError> {
        let path = directory.join(FILE);
        let opened = make_private_directory(directory).and_then(|()| {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(&path)
        });
        let file = opened.map_err(|source| OutboxError::Io { path: path.clone(), source })?;
        let mut seen = Self { path, file, latest: Hlc::ZERO };
        seen.latest = seen.read().map_err(|source| OutboxError::Io { path: seen.path.clone(), source })?;
        Ok(seen)
    }

    /// The latest timestamp seen.
    pub fn latest(&self) -> Hlc {
        self.latest
    }

    /// That an operation may be stamped so. It may not while the clock says that its time is far from now: nodes would refuse
    /// it, and it would stand in its lane all the same.
    ///
    /// # Errors
    /// [`OutboxError::ClockBehind`]
    pub fn require_near(&self, at: Hlc, now_ms: u64) -> Result<(), OutboxError> {
        match ahead(at, now_ms) {
            Some(seconds) => Err(OutboxError::ClockBehind { seconds, path: self.path.clone() }),
            None => Ok(()),
        }
    }

    /// Another timestamp was seen.
    ///
    /// # Errors
    /// [`OutboxError::Ahead`] when it is too far in the future to be stamped above; [`OutboxError::Io`].
    pub fn raise(&mut self, to: Hlc, now_ms: u64) -> Result<(), OutboxError> {
        if let Some(seconds) = ahead(to, now_ms) {
            return Err(OutboxError::Ahead { seconds });
        }
        if to <= self.latest {
            return Ok(());
        }
        self.write(to).map_err(|source| OutboxError::Io { path: self.path.clone(), source })
    }

    /// Several commands of one user write it, so each looks again before it does.
    fn write(&mut self, to: Hlc) -> io::Result<()> {
        flock(&self.file, FlockOperation::LockExclusive)?;
        self.latest = to.max(self.read()?);
        self.file.rewind()?;
        self.file.write_all(format!("{:016x}\n", self.latest.bits()).as_bytes())?;
        flock(&self.file, FlockOperation::Unlock)?;
        Ok(())
    }

    /// What the file says; zero when it says nothing that can be read, for a node says it again.
    fn read(&mut self) -> io::Result<Hlc> {
        let mut bytes = Vec::with_capacity(32);
        self.file.rewind()?;
        (&self.file).take(32).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(u64::from_str_radix(text.trim(), 16).map_or(Hlc::ZERO, Hlc::from_bits))
    }
}

/// Seconds that a timestamp is ahead of this machine's clock, if those are too many to be stamped above.
pub fn ahead(at: Hlc, now_ms: u64) -> Option<u64> {
    let ahead = at.millis().saturating_sub(now_ms);
    (ahead > AHEAD_MAX_MS).then_some(ahead / 1000)
}
