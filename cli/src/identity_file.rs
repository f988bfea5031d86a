//! Identity files as the command line uses them: opened with their passphrase where they have one.

use std::path::Path;

use dmpc::{
    Identity,
    protected::{IdentityText, ProtectedIdentity},
};
use dmpc_storage::identity_file;

pub use dmpc_storage::identity_file::IdentityFileError;

use crate::{
    error::CliError,
    passphrase::{PassphraseError, Passphrases},
    terminal::Terminal,
};

/// Reads an identity.
///
/// # Errors
/// [`CliError::Identity`], [`CliError::Passphrase`].
pub fn read(path: &Path, passphrases: &Passphrases) -> Result<Identity, CliError> {
    match identity_file::read(path)? {
        IdentityText::Plain(identity) => Ok(*identity),
        IdentityText::Protected(protected) => open(path, &protected, passphrases),
    }
}

fn open(path: &Path, protected: &ProtectedIdentity, passphrases: &Passphrases) -> Result<Identity, CliError> {
    let passphrase = passphrases.of(path)?;
    let opened = protected.open(&passphrase);
    Ok(opened.map_err(|source| PassphraseError::Protection { path: path.to_owned(), source })?)
}

/// What an identity file is to hold: protected by a new passphrase, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection<'a> {
    /// Whoever has the file has the identity.
    None,
    /// A new passphrase, from this file or else from the terminal.
    Passphrase(Option<&'a Path>, Terminal),
}

/// Writes a new identity file.
///
/// # Errors
/// [`CliError::Identity`], [`CliError::Passphrase`].
pub fn create(path: &Path, identity: &Identity, protection: Protection<'_>) -> Result<(), CliError> {
    with_text(path, identity, protection, |text| identity_file::create(path, text))
}

/// Writes a new identity file that is protected as another one is, by the same passphrase if it has one.
///
/// # Errors
/// [`CliError::Identity`], [`CliError::Passphrase`].
pub fn create_like(path: &Path, identity: &Identity, like: &Path, passphrases: &Passphrases) -> Result<(), CliError> {
    match identity_file::read(like)? {
        IdentityText::Plain(_) => create(path, identity, Protection::None),
        IdentityText::Protected(_) => {
            let sealed = ProtectedIdentity::seal(identity, &passphrases.of(like)?);
            let failed = |source| PassphraseError::Protection { path: path.to_owned(), source };
            Ok(identity_file::create(path, sealed.map_err(failed)?.as_str())?)
        }
    }
}

/// Writes the same identity anew, with another protection.
///
/// # Errors
/// [`CliError::Identity`], [`CliError::Passphrase`].
pub fn protect(path: &Path, identity: &Identity, protection: Protection<'_>) -> Result<(), CliError> {
    with_text(path, identity, protection, |text| identity_file::replace(path, text))
}

fn with_text(
    path: &Path,
    identity: &Identity,
    protection: Protection<'_>,
    write: impl FnOnce(&str) -> Result<(), IdentityFileError>,
) -> Result<(), CliError> {
    match protection {
        Protection::None => write(&identity.to_text()?)?,
        Protection::Passphrase(file, terminal) => {
            let passphrase = Passphrases::new_one(file, path, terminal)?;
            let sealed = ProtectedIdentity::seal(identity, &passphrase);
            let failed = |source| PassphraseError::Protection { path: path.to_owned(), source };
            write(sealed.map_err(failed)?.as_str())?;
        }
    }
    Ok(())
}
