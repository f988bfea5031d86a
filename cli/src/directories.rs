//! Where the command line keeps things, by the XDG base directory specification; and how it writes files that are nobody
//! else's.

use std::{
    env, fs,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use dmpc_storage::identity_file::{directory_of, make_private_directory, sync_directory};
use tempfile::NamedTempFile;

use crate::error::CliError;

/// The directory below those of the specification.
const OURS: &str = "dmpc";

/// Where lanes and outboxes are kept: below `$XDG_STATE_HOME`, else below `~/.local/state`.
pub fn state() -> Option<PathBuf> {
    below("XDG_STATE_HOME", ".local/state")
}

/// Where contexts and names are kept: below `$XDG_CONFIG_HOME`, else below `~/.config`.
pub fn config() -> Option<PathBuf> {
    below("XDG_CONFIG_HOME", ".config")
}

fn below(variable: &str, of_home: &str) -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(variable).or_else(|| Some(set("HOME")?.join(of_home))).map(|base| base.join(OURS))
}

/// Writes a file of mode 0600 in a directory of mode 0700, which is made where it is missing: the whole file, or nothing.
///
/// # Errors
/// [`CliError::File`]
pub fn write_private(path: &Path, text: &str) -> Result<(), CliError> {
    let directory = directory_of(path);
    let written = make_private_directory(&directory).and_then(|()| {
        let mut file = NamedTempFile::new_in(&directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_directory(&directory)
    });
    written.map_err(CliError::file(path))
}

/// Reads a file of at most so many bytes; none when it is not there.
///
/// # Errors
/// [`CliError::File`]
pub fn read_if_there(path: &Path, bytes_max: u64) -> Result<Option<String>, CliError> {
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(bytes_max.saturating_add(1)).read_to_string(&mut text)) {
        Ok(read) if u64::try_from(read).unwrap_or(u64::MAX) > bytes_max => {
            let source = io::Error::other(format!("more than {bytes_max} bytes"));
            Err(CliError::File { path: path.to_owned(), source })
        }
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::file(path)(error)),
    }
}

/// Removes a file, if it is there.
///
/// # Errors
/// [`CliError::File`]
pub fn remove_if_there(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CliError::file(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
