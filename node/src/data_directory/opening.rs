//! A data directory is opened: the keys of the node, and its store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::{
    Identity, NodeId,
    cursor::Generation,
    identity::node_id,
    keys::{DecryptionKey, EncryptionKey, KeyError, SigningKey},
    protected::IdentityText,
};
use dmpc_storage::{
    Limits, Reader, Store, StoreError, Writer,
    identity_file::{self, IdentityFileError},
};
use rand_core::{CryptoRng, RngCore};

use super::{IDENTITY_FILE, STORE};

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
    let keys = NodeKeys::of(*identity)?;
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
