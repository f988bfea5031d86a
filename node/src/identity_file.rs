//! Files that hold secrets: mode 0600, in directories made 0700, written at once or not at all, on disk before they are
//! relied on. Secrets appear in no error.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use dmpc::{Identity, identity::IdentityError, keys::KeyError};
use zeroize::Zeroizing;

/// Bytes of an identity file, comments included.
const IDENTITY_FILE_BYTES_MAX: u64 = 16 * 1024;
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// The bits of a mode that let others in.
const OTHERS: u32 = 0o077;

/// Why a file with secrets cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFileError {
    /// There is none.
    #[error("there is no identity file {}", .0.display())]
    Absent(PathBuf),
    /// There is one already.
    #[error("{} is there already; it is not overwritten", .0.display())]
    Exists(PathBuf),
    /// Others may read it.
    #[error("{} has mode {mode:04o}, so others may read its secrets; 'chmod 600' it", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a plain file, or far too large.
    #[error("{} is not an identity file", .0.display())]
    NotAFile(PathBuf),
    /// Not the text of an identity.
    #[error("{} is not an identity file: {error}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: IdentityError,
    },
    /// Keys that cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
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
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> IdentityFileError {
    let path = path.to_owned();
    move |error| IdentityFileError::Io { action, path, error }
}

/// Reads an identity; refuses a file that others may read.
///
/// # Errors
/// [`IdentityFileError`]
pub fn read(path: &Path) -> Result<Identity, IdentityFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(IdentityFileError::Absent(path.to_owned()));
        }
        Err(error) => return Err(failed("open", path)(error)),
    };
    let metadata = file.metadata().map_err(failed("look at", path))?;
    if !metadata.is_file() || metadata.len() > IDENTITY_FILE_BYTES_MAX {
        return Err(IdentityFileError::NotAFile(path.to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(IdentityFileError::Mode { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(IDENTITY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed("read", path))?;
    Identity::from_text(&text).map_err(|error| IdentityFileError::Text { path: path.to_owned(), error })
}

/// Writes an identity to a file that is not there yet. When it returns, the file and its name are on disk; after a
/// crash before that there is no such file.
///
/// # Errors
/// [`IdentityFileError`]
pub fn create(path: &Path, identity: &Identity) -> Result<(), IdentityFileError> {
    let text = identity.to_text()?;
    let unfinished = unfinished(path)?;
    // Left over by a crash; it never had its name.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", &unfinished)(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(&unfinished)
        .map_err(failed("make", &unfinished))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write", &unfinished))?;
    // A link, not a rename: it fails where the name is taken.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished).map_err(failed("remove", &unfinished))?;
    match linked {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(IdentityFileError::Exists(path.to_owned())),
        Err(error) => Err(failed("make", path)(error)),
    }
}

/// The name that a file has until it is complete.
fn unfinished(path: &Path) -> Result<PathBuf, IdentityFileError> {
    let name = path.file_name().ok_or_else(|| IdentityFileError::NotAFile(path.to_owned()))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".unfinished");
    Ok(path.with_file_name(hidden))
}

/// Makes a directory, and those above it, with mode 0700 where they are absent; leaves present ones as they are.
///
/// # Errors
/// [`IdentityFileError::Io`]
pub fn ensure_directory(path: &Path) -> Result<(), IdentityFileError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        ensure_directory(parent)?;
    }
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed("make", path)(error)),
        Ok(()) | Err(_) => sync_parent(path),
    }
}

/// Closes a directory to others.
///
/// # Errors
/// [`IdentityFileError::Io`]
pub fn restrict_directory(path: &Path) -> Result<(), IdentityFileError> {
    fs::set_permissions(path, fs::Permissions::from_mode(DIRECTORY_MODE)).map_err(failed("restrict", path))
}

/// Puts the names in the directory that holds `path` on disk.
///
/// # Errors
/// [`IdentityFileError::Io`]
pub fn sync_parent(path: &Path) -> Result<(), IdentityFileError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(failed("sync", parent))
}
