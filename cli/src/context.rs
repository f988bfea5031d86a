//! What every command is given: the global flags, the clock, the randomness. No command reads the environment itself.

use std::path::PathBuf;

use dmpc::{Identity, NodeId};

use crate::{
    client::{Client, Via},
    clock::{Clock, Random},
    contexts::Contexts,
    error::CliError,
    identity_file,
    naming::AddressBook,
    passphrase::Passphrases,
    terminal::Terminal,
};

/// What every command is given.
#[derive(Clone, Debug)]
pub struct Context {
    /// Address of the node's gRPC front end.
    pub grpc: String,
    /// Address of the node's websocket front end.
    pub ws: String,
    /// The node that must answer.
    pub node: Option<NodeId>,
    /// File of the certificates to trust; absent: those of the system.
    pub ca: Option<PathBuf>,
    /// Who runs the command.
    pub identity: Option<PathBuf>,
    /// The local address book.
    pub book: AddressBook,
    /// Whether questions may be asked.
    pub terminal: Terminal,
    /// Questions of yes or no are answered with yes.
    pub yes: bool,
    /// The saved contexts.
    pub contexts: Contexts,
    /// Opens identities that are protected.
    pub passphrases: Passphrases,
    /// The front end of commands that use one.
    pub via: Via,
    /// The front ends of commands that can use several (`--via both`); at least one.
    pub vias: Vec<Via>,
    /// JSON on stdout instead of text.
    pub json: bool,
    /// Directory of lanes and outboxes.
    pub state: Option<PathBuf>,
    /// Tells the time.
    pub clock: Clock,
    /// Draws randomness.
    pub random: Random,
}

impl Context {
    /// Randomness.
    pub const fn rng(&self) -> Random {
        self.random
    }

    /// The file of `--identity`.
    ///
    /// # Errors
    /// [`CliError::NoIdentity`] when the flag is absent.
    pub fn identity_path(&self) -> Result<&PathBuf, CliError> {
        self.identity.as_ref().ok_or(CliError::NoIdentity)
    }

    /// Loads the identity of `--identity`, if its file's mode keeps others out.
    ///
    /// # Errors
    /// [`CliError::NoIdentity`], [`CliError::Identity`], [`CliError::Passphrase`].
    pub fn identity(&self) -> Result<Identity, CliError> {
        identity_file::read(self.identity_path()?, &self.passphrases)
    }

    /// Connects to the node.
    ///
    /// # Errors
    /// [`CliError::Unreachable`]; [`CliError::Usage`] for an address or a file of certificates that is none.
    pub async fn client(&self, via: Via) -> Result<Client, CliError> {
        Client::connect(via, self.address(via), self.ca.as_deref()).await
    }

    /// The node's address.
    pub fn address(&self, via: Via) -> &str {
        match via {
            Via::Grpc => &self.grpc,
            Via::Ws => &self.ws,
        }
    }

    /// The directory of lanes and outboxes.
    ///
    /// # Errors
    /// [`CliError::NoStateDirectory`] when the environment names none.
    pub fn state_dir(&self) -> Result<&PathBuf, CliError> {
        self.state.as_ref().ok_or(CliError::NoStateDirectory)
    }
}
