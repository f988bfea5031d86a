//! Files that hold a passphrase, the same for node and command line.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use dmpc::protected::{PASSPHRASE_BYTES_MAX, Passphrase, ProtectionError};
use zeroize::Zeroizing;

/// The bits of a mode that let others in.
const OTHERS: u32 = 0o077;

/// Why a file gives no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseFileError {
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others could read it.
    #[error("{path} has mode {mode:04o}; a passphrase must be its owner's alone", path = path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What it holds is no passphrase.
    #[error("{path}: {source}", path = path.display())]
    Passphrase {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProtectionError,
    },
}

/// The first line of a file. Others may not read it, unless it is a pipe and no file at all.
///
/// # Errors
/// [`PassphraseFileError`]
pub fn read(path: &Path) -> Result<Passphrase, PassphraseFileError> {
    let failed = |source| PassphraseFileError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // Of the file that is read, not of what stands under its name at another time.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if metadata.is_file() && mode & OTHERS != 0 {
        return Err(PassphraseFileError::Mode { path: path.to_owned(), mode });
    }
    // With room for a line feed, and one byte more that shows that it is too long.
    let room = PASSPHRASE_BYTES_MAX + 2;
    let mut text = Zeroizing::new(String::with_capacity(room));
    let limit = u64::try_from(room).unwrap_or(u64::MAX);
    file.take(limit).read_to_string(&mut text).map_err(failed)?;
    let line = text.lines().next().unwrap_or_default();
    Passphrase::new(line).map_err(|source| PassphraseFileError::Passphrase { path: path.to_owned(), source })
}
