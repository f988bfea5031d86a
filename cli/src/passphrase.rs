//! Where passphrases come from: a file, or whoever sits at the terminal. Never an argument, which others could see.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use dmpc::protected::{Passphrase, ProtectionError};
use dmpc_storage::passphrase_file::{self, PassphraseFileError};

use crate::{
    identity_file::Protection,
    terminal::{self, Terminal},
};

/// Why there is no passphrase, or why it opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nobody can be asked.
    #[error("{} is protected by a passphrase, and nobody can be asked for it here", .0.display())]
    NoTerminal(PathBuf),
    /// Nobody can be asked for a new one.
    #[error("nobody can be asked for a new passphrase here")]
    NoTerminalForNew,
    /// The file of the passphrase cannot be used.
    #[error(transparent)]
    File(#[from] PassphraseFileError),
    /// The terminal does not answer.
    #[error("the terminal: {0}")]
    Terminal(io::Error),
    /// Typed twice, in two ways.
    #[error("the two passphrases differ")]
    Differ,
    /// No passphrase, or one that opens nothing.
    #[error("{path}: {source}", path = path.display())]
    Protection {
        /// The identity file, or that of the passphrase.
        path: PathBuf,
        /// What is wrong.
        source: ProtectionError,
    },
}

impl PassphraseError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoTerminal(_) | Self::NoTerminalForNew => {
                Some("pass --passphrase-file FILE or set DMPC_PASSPHRASE_FILE; /dev/fd/3 is a file too".to_owned())
            }
            Self::File(PassphraseFileError::Mode { path, .. }) => Some(format!("chmod 600 '{}'", path.display())),
            Self::File(_) | Self::Terminal(_) | Self::Differ | Self::Protection { .. } => None,
        }
    }
}

/// Finds passphrases, and asks at most once for that of each file.
#[derive(Clone, Debug)]
pub struct Passphrases {
    /// `--passphrase-file`
    file: Option<PathBuf>,
    terminal: Terminal,
    known: Arc<Mutex<Vec<(PathBuf, Passphrase)>>>,
}

impl Passphrases {
    /// From this file, where there is one, or else from the terminal.
    pub fn new(file: Option<PathBuf>, terminal: Terminal) -> Self {
        Self { file, terminal, known: Arc::default() }
    }

    /// A protection by a new passphrase: that of this file, or else one that is asked for.
    pub const fn protection<'a>(&self, file: Option<&'a Path>) -> Protection<'a> {
        Protection::Passphrase(file, self.terminal)
    }

    /// The passphrase of an identity file.
    ///
    /// # Errors
    /// [`PassphraseError`]
    pub fn of(&self, identity: &Path) -> Result<Passphrase, PassphraseError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, passphrase)) = known.iter().find(|(path, _)| path == identity) {
            return Ok(passphrase.clone());
        }
        let passphrase = match &self.file {
            Some(file) => passphrase_file::read(file)?,
            None if !self.terminal.is_there() => return Err(PassphraseError::NoTerminal(identity.to_owned())),
            None => ask(&format!("Passphrase of {}: ", identity.display()), identity)?,
        };
        known.push((identity.to_owned(), passphrase.clone()));
        Ok(passphrase)
    }

    /// A passphrase that is to protect an identity file from now on: from this file, or else typed twice.
    ///
    /// # Errors
    /// [`PassphraseError`]
    pub fn new_one(file: Option<&Path>, identity: &Path, terminal: Terminal) -> Result<Passphrase, PassphraseError> {
        if let Some(file) = file {
            return Ok(passphrase_file::read(file)?);
        }
        if !terminal.is_there() {
            return Err(PassphraseError::NoTerminalForNew);
        }
        let question = format!("New passphrase of {}: ", identity.display());
        let first = terminal::ask_secret(&question).map_err(PassphraseError::Terminal)?;
        let second = terminal::ask_secret("The same again: ").map_err(PassphraseError::Terminal)?;
        if *first != *second {
            return Err(PassphraseError::Differ);
        }
        checked(&first, identity)
    }

    /// The file of `--passphrase-file`.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

fn ask(question: &str, identity: &Path) -> Result<Passphrase, PassphraseError> {
    let text = terminal::ask_secret(question).map_err(PassphraseError::Terminal)?;
    checked(&text, identity)
}

fn checked(text: &str, path: &Path) -> Result<Passphrase, PassphraseError> {
    Passphrase::new(text).map_err(|source| PassphraseError::Protection { path: path.to_owned(), source })
}
