//! The passphrase of a root's identity, which `init` needs to know its public keys: they are nowhere in the clear in a
//! protected file.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use dmpc::protected::{Passphrase, ProtectionError};
use dmpc_storage::passphrase_file::{self, PassphraseFileError};
use zeroize::Zeroizing;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nobody can be asked.
    #[error("{} is protected by a passphrase, and nobody can be asked for it here; pass --passphrase-file FILE", .0.display())]
    NoTerminal(PathBuf),
    /// The file of the passphrase cannot be used.
    #[error(transparent)]
    File(#[from] PassphraseFileError),
    /// The terminal does not answer.
    #[error("the terminal: {0}")]
    Terminal(io::Error),
    /// What was typed is no passphrase.
    #[error(transparent)]
    Typed(#[from] ProtectionError),
}

/// The passphrase of an identity file: from a file, or else from the terminal where there is one.
///
/// # Errors
/// [`PassphraseError`]
pub fn of(identity: &Path, file: Option<&Path>) -> Result<Passphrase, PassphraseError> {
    if let Some(file) = file {
        return Ok(passphrase_file::read(file)?);
    }
    let is_there = io::stderr().is_terminal() && OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok();
    if !is_there {
        return Err(PassphraseError::NoTerminal(identity.to_owned()));
    }
    let typed = rpassword::prompt_password(format!("Passphrase of {}: ", identity.display()));
    Ok(Passphrase::new(&Zeroizing::new(typed.map_err(PassphraseError::Terminal)?))?)
}
