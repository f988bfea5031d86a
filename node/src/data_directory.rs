//! The data directory of a node: what it holds, how it is made, how it is opened.
//!
//! It holds `node.identity` and `store`. The store gets its name last, so a directory with a store is complete, and one
//! without it was left unfinished by a crash: a second `init` goes on with what is there.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::{
    Identity, NodeId, UserId,
    cursor::Generation,
    identity::node_id,
    keys::{DecryptionKey, EncryptionKey, KeyError, SigningKey},
    protected::{IdentityText, Passphrase, ProtectedIdentity, ProtectionError},
};
use dmpc_storage::{
    Genesis, Limits, Reader, Root, Store, StoreError, Writer,
    identity_file::{self, IdentityFileError, make_private_directory, restrict_directory, sync_directory},
};
use rand_core::{CryptoRng, RngCore};

use crate::passphrase::PassphraseError;

const IDENTITY_FILE: &str = "node.identity";
const STORE: &str = "store";
const UNFINISHED_STORE: &str = "store.unfinished";

/// Why a data directory cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error("there is a node in {} already; it is not overwritten", .0.display())]
    Exists(PathBuf),
    /// The directory is somebody else's.
    #[error("{} holds {}, which is no part of a node; name a directory that is empty or absent", directory.display(), name.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
        /// One thing that it holds.
        name: PathBuf,
    },
    /// A file with secrets cannot be read or made.
    #[error(transparent)]
    Identity(#[from] IdentityFileError),
    /// A node starts without anybody who could type a passphrase.
    #[error("{} is protected by a passphrase; a node's identity is not: dmpc-cli identity passphrase --remove", .0.display())]
    Protected(PathBuf),
    /// A root's identity needs a passphrase, and there is none.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The passphrase does not open a root's identity.
    #[error("{}: {source}", path.display())]
    Protection {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProtectionError,
    },
    /// Keys that cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The node.
    pub node: NodeId,
    /// Its root user.
    pub root: UserId,
    /// Whether the root's identity file was made too.
    pub root_is_new: bool,
}

/// Makes a data directory, and the root's identity file where it is not there yet. All of it is on disk afterwards. Of a
/// root's identity that is protected, `passphrase` opens it; the file stays as it is.
///
/// # Errors
/// [`InitError`]; [`InitError::Exists`] where there is a complete one.
pub fn init<R: RngCore + CryptoRng>(
    directory: &Path,
    root_file: &Path,
    passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
    rng: &mut R,
) -> Result<Made, InitError> {
    claim(directory, root_file)?;
    // First: without a passphrase nothing is made.
    let (root, root_is_new) = read_or_make(root_file, rng, |protected| {
        let opened = protected.open(&passphrase()?);
        opened.map_err(|source| InitError::Protection { path: root_file.to_owned(), source })
    })?;
    let node_file = directory.join(IDENTITY_FILE);
    let (node, _) = read_or_make(&node_file, rng, |_| Err(InitError::Protected(node_file.clone())))?;
    let node = NodeKeys::of(node)?.node;
    let genesis = Genesis { node, roots: vec![Root::from(&root.public()?)] };
    make_store(directory, &genesis)?;
    Ok(Made { node, root: root.user, root_is_new })
}

/// Makes the directory, or takes an empty or unfinished one.
fn claim(directory: &Path, root_file: &Path) -> Result<(), InitError> {
    let failed = |error| InitError::Io { action: "list", path: directory.to_owned(), error };
    let unmade = |error| InitError::Io { action: "make", path: directory.to_owned(), error };
    make_private_directory(directory).map_err(unmade)?;
    let own = [OsStr::new(IDENTITY_FILE), OsStr::new(UNFINISHED_STORE)];
    let mut foreign: Option<OsString> = None;
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name == STORE {
            return Err(InitError::Exists(directory.to_owned()));
        }
        let is_hidden_rest = name.to_string_lossy().ends_with(".unfinished");
        let is_root = directory.join(&name) == root_file;
        if !own.contains(&name.as_os_str()) && !is_hidden_rest && !is_root {
            foreign = Some(name);
        }
    }
    match foreign {
        Some(name) => Err(InitError::NotEmpty { directory: directory.to_owned(), name: name.into() }),
        None => restrict_directory(directory).map_err(|error| InitError::Io {
            action: "restrict",
            path: directory.to_owned(),
            error,
        }),
    }
}

fn read_or_make<R: RngCore + CryptoRng>(
    path: &Path,
    rng: &mut R,
    open: impl FnOnce(&ProtectedIdentity) -> Result<Identity, InitError>,
) -> Result<(Identity, bool), InitError> {
    match identity_file::read(path) {
        Ok(IdentityText::Plain(identity)) => Ok((identity, false)),
        Ok(IdentityText::Protected(protected)) => Ok((open(&protected)?, false)),
        Err(IdentityFileError::Absent(_)) => {
            let identity = Identity::generate(rng)?;
            identity_file::create(path, &identity.to_text()?)?;
            Ok((identity, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes the store under another name, then gives it its own.
fn make_store(directory: &Path, genesis: &Genesis) -> Result<(), InitError> {
    let (unfinished, store) = (directory.join(UNFINISHED_STORE), directory.join(STORE));
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(InitError::Io { action: "remove", path: unfinished, error });
        }
        Ok(()) | Err(_) => {}
    }
    Store::init(&unfinished, genesis)?;
    fs::rename(&unfinished, &store).map_err(|error| InitError::Io { action: "name", path: store.clone(), error })?;
    sync_directory(directory).map_err(|error| InitError::Io { action: "sync", path: directory.to_owned(), error })
}

/// Who the node is, and the key that opens what is sealed to it.
#[derive(Clone, Debug)]
pub struct NodeKeys {
    /// The node.
    pub node: NodeId,
    /// Transactions are sealed to it.
    pub recipient: EncryptionKey,
    /// Opens them.
    pub key: DecryptionKey,
    /// Proves who the node is.
    pub signing: Arc<SigningKey>,
}

impl NodeKeys {
    /// The keys of a node's identity.
    ///
    /// # Errors
    /// [`KeyError`], which checked keys do not give.
    pub fn of(identity: Identity) -> Result<Self, KeyError> {
        let Identity { signing, encryption, .. } = identity;
        let recipient = encryption.encryption_key()?;
        let node = node_id(&signing.verifying_key(), &recipient);
        Ok(Self { node, recipient, key: encryption, signing: Arc::new(signing) })
    }
}

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's identity cannot be read.
    #[error(transparent)]
    Identity(#[from] IdentityFileError),
    /// A node starts without anybody who could type a passphrase.
    #[error("{} is protected by a passphrase; a node's identity is not: dmpc-cli identity passphrase --remove", .0.display())]
    Protected(PathBuf),
    /// Its keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Identity and store are of different nodes.
    #[error("the identity in {} is of {identity}, the store beside it of {store}; put the right one back", directory.display())]
    OtherNode {
        /// The data directory.
        directory: PathBuf,
        /// The node of the identity file.
        identity: NodeId,
        /// The node of the store.
        store: NodeId,
    },
}

/// A name for the stretch of history that begins.
fn generation<R: RngCore + CryptoRng>(rng: &mut R) -> Generation {
    let mut bytes = [0; Generation::LEN];
    rng.fill_bytes(&mut bytes);
    Generation::from_bytes(bytes)
}

/// Where the store of a data directory is.
pub fn store(directory: &Path) -> PathBuf {
    directory.join(STORE)
}

/// Opens the data directory of a node, with bounds for its store.
///
/// # Errors
/// [`OpenError`]
pub fn open<R: RngCore + CryptoRng>(
    directory: &Path,
    limits: Limits,
    rng: &mut R,
) -> Result<(NodeKeys, Writer, Reader), OpenError> {
    let store = directory.join(STORE);
    if !store.is_dir() {
        return Err(StoreError::Absent(directory.to_owned()).into());
    }
    let path = directory.join(IDENTITY_FILE);
    let IdentityText::Plain(identity) = identity_file::read(&path)? else { return Err(OpenError::Protected(path)) };
    let keys = NodeKeys::of(identity)?;
    let (writer, reader) = Store::open_with(&store, limits, generation(rng), |done| {
        tracing::info!(operations = done.operations, steps = done.steps, "judging operations again before the start");
    })?;
    let owner = reader.info()?.node;
    if owner != keys.node {
        let directory = directory.to_owned();
        return Err(OpenError::OtherNode { directory, identity: keys.node, store: owner });
    }
    Ok((keys, writer, reader))
}

/// Makes everything but the log again from the log. Gives the number of operations.
///
/// # Errors
/// [`OpenError`]; nothing has changed then.
pub fn rebuild<R: RngCore + CryptoRng>(directory: &Path, rng: &mut R) -> Result<u64, OpenError> {
    Ok(Store::rebuild(&directory.join(STORE), generation(rng))?)
}
