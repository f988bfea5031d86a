//! Identity files: text that only their owner may read. Nothing here prints or keeps a secret.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use dmpc::{Identity, identity::IdentityError, keys::KeyError};
use zeroize::Zeroizing;

/// Bytes of an identity file.
const FILE_BYTES_MAX: usize = 16 * 1024;
/// Mode of an identity file.
const FILE_MODE: u32 = 0o600;
/// Mode of a directory that is made for one.
const DIRECTORY_MODE: u32 = 0o700;
/// What others may not have on a file.
const FILE_OTHERS: u32 = 0o077;
/// What others may not have on its directory: they could replace the file.
const DIRECTORY_OTHERS: u32 = 0o022;
/// In a directory with this bit nobody replaces the files of others.
const STICKY: u32 = 0o1000;

/// Why an identity file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFileError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is there already.
    #[error("{path} exists; an identity is never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others could read or replace it.
    #[error("{path} has mode {mode:04o}; an identity must be its owner's alone")]
    Mode {
        /// The file or its directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What makes it right.
        wanted: &'static str,
    },
    /// It is longer than any identity.
    #[error("{path} is no identity: more than {FILE_BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// What it holds is no identity.
    #[error("{path} is no identity: {source}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong; shows no secret.
        source: IdentityError,
    },
    /// The identity has no text form.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl IdentityFileError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mode { path, wanted, .. } => Some(format!("chmod {wanted} '{}'", path.display())),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("make one with: dmpc-cli identity new FILE".to_owned())
            }
            Self::Exists { .. } => Some("choose another file name".to_owned()),
            Self::Io { .. } | Self::TooLong { .. } | Self::Content { .. } | Self::Key(_) => None,
        }
    }
}

/// Reads an identity. Its file must have mode 0600 or less, its directory must not be writable by others.
///
/// # Errors
/// [`IdentityFileError`]
pub fn read(path: &Path) -> Result<Identity, IdentityFileError> {
    let io = |source| IdentityFileError::Io { path: path.to_owned(), source };
    require_directory(path)?;
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(io(io::ErrorKind::IsADirectory.into()));
    }
    require_mode(path, &metadata, FILE_OTHERS, "600")?;
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX));
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit).read_to_string(&mut text).map_err(io)?;
    if text.len() >= FILE_BYTES_MAX {
        return Err(IdentityFileError::TooLong { path: path.to_owned() });
    }
    Identity::from_text(&text).map_err(|source| IdentityFileError::Content { path: path.to_owned(), source })
}

/// Writes a new identity file with mode 0600, durably; directories that are missing are made with mode 0700.
///
/// # Errors
/// [`IdentityFileError`]; [`IdentityFileError::Exists`] when the file is there.
pub fn write(path: &Path, identity: &Identity) -> Result<(), IdentityFileError> {
    let io = |source| IdentityFileError::Io { path: path.to_owned(), source };
    let text = identity.to_text()?;
    let directory = directory_of(path);
    make_private_directory(&directory).map_err(|source| IdentityFileError::Io { path: directory.clone(), source })?;
    require_directory(path)?;
    let unfinished = unfinished(path);
    // Left by a crash: nobody ever saw it under its name.
    match fs::remove_file(&unfinished) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(io(source)),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&unfinished).map_err(io)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link, unlike a rename, fails where the name is taken.
    let linked = written.and_then(|()| fs::hard_link(&unfinished, path));
    fs::remove_file(&unfinished).map_err(io)?;
    linked.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => IdentityFileError::Exists { path: path.to_owned() },
        _ => io(source),
    })?;
    sync_directory(&directory).map_err(io)
}

/// The name that a file has until it is complete.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".unfinished");
    path.with_file_name(name)
}

/// Makes a directory and those above it that are missing, with mode 0700; their names are on disk when it returns.
///
/// # Errors
/// What the system says.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = directory_of(path);
    make_private_directory(&parent)?;
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync_directory(&parent)
}

/// Puts the names in a directory on disk.
///
/// # Errors
/// What the system says.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    }
}

fn require_directory(file: &Path) -> Result<(), IdentityFileError> {
    let path = directory_of(file);
    // A missing directory is reported as the missing file that it means.
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(source) => return Err(IdentityFileError::Io { path: file.to_owned(), source }),
    };
    if metadata.mode() & STICKY != 0 {
        return Ok(());
    }
    require_mode(&path, &metadata, DIRECTORY_OTHERS, "go-w")
}

fn require_mode(
    path: &Path,
    metadata: &Metadata,
    forbidden: u32,
    wanted: &'static str,
) -> Result<(), IdentityFileError> {
    let mode = metadata.mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(IdentityFileError::Mode { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}
