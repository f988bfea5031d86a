//! Files that hold secrets: mode 0600 in directories of mode 0700, written at once or not at all, on disk before they are
//! relied on. Secrets appear in no error. Nodes, users and their state directories all use these.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use dmpc::{
    identity::IdentityError,
    protected::{IDENTITY_TEXT_BYTES_MAX, IdentityText},
};
use zeroize::Zeroizing;

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
    #[error("{} exists; an identity is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Others could read or replace it.
    #[error("{} has mode {mode:04o}; an identity and its directory must be their owner's alone (mode 0{wanted})", path.display())]
    Mode {
        /// The file or its directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The mode that makes it right.
        wanted: &'static str,
    },
    /// Not a plain file, or longer than any identity.
    #[error("{} is no identity: not a plain file of at most {IDENTITY_TEXT_BYTES_MAX} bytes", .0.display())]
    NotAFile(PathBuf),
    /// Not the text of an identity.
    #[error("{} is no identity: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong; shows no secret.
        source: IdentityError,
    },
    /// The system failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> IdentityFileError {
    let path = path.to_owned();
    move |source| IdentityFileError::Io { action, path, source }
}

/// Reads an identity; refuses a file or directory that lets others in.
///
/// # Errors
/// [`IdentityFileError`]
pub fn read(path: &Path) -> Result<IdentityText, IdentityFileError> {
    let text = read_secret(path, IDENTITY_TEXT_BYTES_MAX)?;
    IdentityText::parse(&text).map_err(|source| IdentityFileError::Text { path: path.to_owned(), source })
}

/// Reads any short text that others must not see.
///
/// # Errors
/// [`IdentityFileError`]
pub fn read_secret(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, IdentityFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(IdentityFileError::Absent(path.to_owned()));
        }
        Err(error) => return Err(failed("open", path)(error)),
    };
    let metadata = file.metadata().map_err(failed("look at", path))?;
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    if !metadata.is_file() || metadata.len() > limit {
        return Err(IdentityFileError::NotAFile(path.to_owned()));
    }
    require_private(path, &metadata, "600")?;
    require_private_directory(path)?;
    // All of its room at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes_max));
    file.take(limit).read_to_string(&mut text).map_err(failed("read", path))?;
    Ok(text)
}

/// Writes the text of an identity to a file that is not there yet; directories that are missing are made. When it returns,
/// the file and its name are on disk; after a crash before that there is no such file.
///
/// # Errors
/// [`IdentityFileError`]; [`IdentityFileError::Exists`] when the file is there.
pub fn create(path: &Path, text: &str) -> Result<(), IdentityFileError> {
    let directory = directory_of(path);
    make_private_directory(&directory).map_err(failed("make", &directory))?;
    require_private_directory(path)?;
    let unfinished = write_unfinished(path, text)?;
    // A link, not a rename: it fails where the name is taken.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished).map_err(failed("remove", &unfinished))?;
    match linked {
        Ok(()) => sync_directory(&directory).map_err(failed("sync", &directory)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(IdentityFileError::Exists(path.to_owned())),
        Err(error) => Err(failed("make", path)(error)),
    }
}

/// Puts another text of the same identity in the place of a file. After a crash there is the one or the other.
///
/// # Errors
/// [`IdentityFileError`]
pub fn replace(path: &Path, text: &str) -> Result<(), IdentityFileError> {
    let directory = directory_of(path);
    require_private_directory(path)?;
    let unfinished = write_unfinished(path, text)?;
    fs::rename(&unfinished, path).map_err(failed("replace", path))?;
    sync_directory(&directory).map_err(failed("sync", &directory))
}

fn write_unfinished(path: &Path, text: &str) -> Result<PathBuf, IdentityFileError> {
    let name = path.file_name().ok_or_else(|| IdentityFileError::NotAFile(path.to_owned()))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".unfinished");
    let unfinished = path.with_file_name(hidden);
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
    Ok(unfinished)
}

/// Makes a directory, and those above it, with mode 0700 where they are absent; leaves present ones as they are. Their names
/// are on disk when it returns.
///
/// # Errors
/// What the system says.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
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

/// Closes a directory to others.
///
/// # Errors
/// What the system says.
pub fn restrict_directory(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(DIRECTORY_MODE))
}

/// Puts the names in a directory on disk.
///
/// # Errors
/// What the system says.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The directory that holds a file.
pub fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    }
}

fn require_private_directory(file: &Path) -> Result<(), IdentityFileError> {
    let path = directory_of(file);
    let metadata = fs::metadata(&path).map_err(failed("look at", &path))?;
    require_private(&path, &metadata, "700")
}

fn require_private(path: &Path, metadata: &fs::Metadata, wanted: &'static str) -> Result<(), IdentityFileError> {
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(IdentityFileError::Mode { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}
