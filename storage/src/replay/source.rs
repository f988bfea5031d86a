//! Where an audit finds a log: a node's data directory or a backup of it, a store, a database alone, such as a checkpoint of
//! RocksDB, or an exported log.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::{StoreError, log_file::MAGIC};

/// A place with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A store: a database and the file HEAD beside it.
    Store(PathBuf),
    /// A database alone.
    Database(PathBuf),
    /// An exported log: operations, and nothing that a node derived from them.
    Exported(PathBuf),
}

impl Source {
    /// Finds out what stands at a path: a data directory (with `store` in it), a store (with `db` and `HEAD`), a
    /// database, or an exported log.
    ///
    /// # Errors
    /// [`StoreError::Absent`] when it is none of these; [`StoreError::Io`] when it cannot be read.
    pub fn find(path: &Path) -> Result<Self, StoreError> {
        for store in [path.join("store"), path.to_owned()] {
            if is_there(&store.join("db/CURRENT"))? {
                return Ok(Self::Store(store));
            }
        }
        if is_there(&path.join("CURRENT"))? {
            return Ok(Self::Database(path.to_owned()));
        }
        if path.is_file() && is_exported(path)? {
            return Ok(Self::Exported(path.to_owned()));
        }
        for store in [path.join("store"), path.to_owned()] {
            if is_there(&store.join("HEAD"))? && is_there(&store.join("db"))? {
                return Err(StoreError::Damaged { family: "CURRENT", what: "the file is missing".to_owned() });
            }
        }
        // To tell what cannot be read from what is not there.
        fs::read_dir(path).map(drop).or_else(|error| absent(path, &error))?;
        Err(StoreError::Absent(path.to_owned()))
    }

    /// RocksDB's directory.
    ///
    /// # Errors
    /// [`StoreError::Absent`] for an exported log.
    pub(super) fn database(&self) -> Result<PathBuf, StoreError> {
        match self {
            Self::Store(directory) => Ok(directory.join("db")),
            Self::Database(directory) => Ok(directory.clone()),
            Self::Exported(file) => Err(StoreError::Absent(file.clone())),
        }
    }

    /// The lock that a node holds while it runs, if no node does: then nobody writes, for as long as it is held.
    pub(super) fn unused(&self) -> Option<fs::File> {
        let head = match self {
            Self::Store(directory) => directory.join("HEAD"),
            // A database within a store has it beside itself; one without is used by nobody.
            Self::Database(directory) => directory.join("../HEAD"),
            Self::Exported(_) => return None,
        };
        let lock = fs::File::open(&head).or_else(|_| fs::File::open(self.database().unwrap_or_default())).ok()?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).ok().map(|()| lock)
    }

    /// The file of acknowledgements.
    pub(super) fn head(&self) -> Option<PathBuf> {
        match self {
            Self::Store(directory) => Some(directory.join("HEAD")),
            Self::Database(_) | Self::Exported(_) => None,
        }
    }
}

/// Whether a file begins as exported logs do.
fn is_exported(path: &Path) -> Result<bool, StoreError> {
    let mut magic = [0; MAGIC.len()];
    let failed = |error: io::Error| StoreError::Io {
        context: "look for a log",
        message: format!("{}: {error}", path.display()),
    };
    match fs::File::open(path).map_err(failed)?.read_exact(&mut magic) {
        Ok(()) => Ok(magic == *MAGIC),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) => absent(path, &error).map(|()| false),
    }
}

fn absent(path: &Path, error: &io::Error) -> Result<(), StoreError> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(()),
        _ => Err(StoreError::Io { context: "look for a store", message: format!("{}: {error}", path.display()) }),
    }
}
