//! The identity files of the users whom an import makes: `people/NICK.identity`, for whoever wants to read as one of them.
//! They show what the journal holds: each is written after the journal is durable, and again when it was lost.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use dmpc::Identity;
use zeroize::Zeroizing;

use super::plan::Name;
use dmpc_storage::identity_file::make_private_directory;

/// The directory's name in the identity directory.
const DIRECTORY_NAME: &str = "people";
/// Mode of an identity file.
const FILE_MODE: u32 = 0o600;

/// Why the identity files cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum PeopleError {
    /// A file or the directory cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There are identities, and no journal that knows them.
    #[error("{path} holds identities that no journal here knows")]
    Orphaned {
        /// The directory.
        path: PathBuf,
    },
    /// A file has an identity of somebody else.
    #[error("{path} is the identity of somebody else; an identity is never overwritten")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// The directory of identity files.
#[derive(Debug)]
pub(super) struct People {
    directory: PathBuf,
}

impl People {
    /// Opens the directory, or makes it. For a new import it must be empty.
    ///
    /// # Errors
    /// [`PeopleError::Io`], [`PeopleError::Orphaned`].
    pub(super) fn open(parent: &Path, is_new: bool) -> Result<Self, PeopleError> {
        let directory = parent.join(DIRECTORY_NAME);
        make_private_directory(&directory).map_err(io_error(&directory))?;
        if is_new && fs::read_dir(&directory).map_err(io_error(&directory))?.next().is_some() {
            return Err(PeopleError::Orphaned { path: directory });
        }
        Ok(Self { directory })
    }

    /// Sees to it that a person's file holds this text, which is a secret.
    ///
    /// # Errors
    /// [`PeopleError::Io`], [`PeopleError::Foreign`].
    pub(super) fn keep(&self, name: &Name, text: &str) -> Result<(), PeopleError> {
        let path = self.directory.join(file_name(name));
        match fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(found) if *found == text => return Ok(()),
            Ok(found) if Identity::from_text(&found).is_ok() => return Err(PeopleError::Foreign { path }),
            // A file that is no identity was cut short by a crash.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(PeopleError::Io { path, source }),
        }
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&path);
        opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(io_error(&path))
    }
}

/// A nick as a file name: letters, digits, `-` and `_` stand for themselves, every other byte is `%` and two hexadecimal digits.
/// A second person of the same nick has a `.2` behind it, which no encoded nick has.
fn file_name(name: &Name) -> String {
    let mut out = String::with_capacity(name.nick.len() + 16);
    for byte in name.nick.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.generation > 1 {
        out.push_str(&format!(".{}", name.generation));
    }
    out + ".identity"
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> PeopleError {
    let path = path.to_owned();
    move |source| PeopleError::Io { path: path.clone(), source }
}
