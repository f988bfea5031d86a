//! `init`: a data directory is made, or what an earlier `init` left unfinished is.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use dmpc::{
    Identity, NodeId, UserId,
    identity::PublicIdentity,
    keys::KeyError,
    kinds::{Kind, Payload},
    protected::{IdentityText, Passphrase, ProtectedIdentity, ProtectionError},
};
use dmpc_storage::{
    Genesis, Root, Store, StoreError,
    identity_file::{self, IdentityFileError, make_private_directory, restrict_directory, sync_directory},
};
use rand_core::{CryptoRng, RngCore};

use super::{IDENTITY_FILE, NodeKeys, STORE};
use crate::passphrase::PassphraseError;

const UNFINISHED_STORE: &str = "store.unfinished";
/// Bytes of a file with a user object.
const USER_BYTES_MAX: u64 = 16 * 1024;

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
    /// Nobody is named whom the node trusts.
    #[error("a node needs a root user; name its identity file with --root, or what of it is public with --root-user")]
    NoRoot,
    /// One user is named twice.
    #[error("{0} is named twice as a root")]
    RootTwice(UserId),
    /// A file that holds no user object.
    #[error("{} holds no user object; dmpc-cli identity show --json prints one", .0.display())]
    NoUser(PathBuf),
    /// The directory has keys of a node already, from an `init` that did not end.
    #[error("the directory holds the keys of {present}, and those of {given} are named")]
    OtherNode {
        /// The node of the directory.
        present: NodeId,
        /// The node of the keys that are named.
        given: NodeId,
    },
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

/// A root user, as it is named to `init`.
#[derive(Clone, Debug)]
pub enum RootSource {
    /// Its identity file; made where it is not there.
    File(PathBuf),
    /// A file with what of it is public, as `dmpc-cli identity show --json` prints it.
    Public(PathBuf),
}

impl RootSource {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Public(path) => path,
        }
    }
}

/// A root of a node that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRoot {
    /// The user.
    pub user: UserId,
    /// Where it comes from.
    pub file: PathBuf,
    /// Whether that holds its secrets.
    pub is_identity: bool,
    /// Whether it was made too.
    pub is_new: bool,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The node.
    pub node: NodeId,
    /// Whether its keys were made too.
    pub node_is_new: bool,
    /// Its root users, in the order in which they were named.
    pub roots: Vec<MadeRoot>,
}

/// Makes a data directory, and the identity files of roots where they are not there yet. `node_file` is an identity whose keys
/// become the node's; without it they are made, unless an earlier `init` that did not end has made them. All of it is on disk
/// afterwards.
/// Of a root's identity that is protected, `passphrase` opens it, by its file; the file stays as it is.
///
/// # Errors
/// [`InitError`]; [`InitError::Exists`] where there is a complete one.
pub fn init<R: RngCore + CryptoRng>(
    directory: &Path,
    roots: &[RootSource],
    node_file: Option<&Path>,
    passphrase: impl Fn(&Path) -> Result<Passphrase, PassphraseError>,
    rng: &mut R,
) -> Result<Made, InitError> {
    if roots.is_empty() {
        return Err(InitError::NoRoot);
    }
    claim(directory, roots)?;
    // Before anything is made: what is named must be there, and without a passphrase nothing is.
    let given =
        roots.iter().map(|root| Ok((root, public(root, &passphrase)?))).collect::<Result<Vec<_>, InitError>>()?;
    let (node, node_is_new) = node_keys(directory, node_file, rng)?;
    let (mut genesis, mut made) = (Genesis { node, roots: Vec::new() }, Vec::new());
    for (source, public) in given {
        let is_new = public.is_none();
        let public = match public {
            Some(public) => public,
            None => make(source.path(), rng)?.public()?,
        };
        if genesis.roots.iter().any(|root| root.user == public.user) {
            return Err(InitError::RootTwice(public.user));
        }
        genesis.roots.push(Root::from(&public));
        let (file, is_identity) = (source.path().to_owned(), matches!(source, RootSource::File(_)));
        made.push(MadeRoot { user: public.user, file, is_identity, is_new });
    }
    genesis.roots.sort_unstable_by_key(|root| root.user);
    make_store(directory, &genesis)?;
    Ok(Made { node, node_is_new, roots: made })
}

/// The node's keys: those that are given, those of an `init` that did not end, or new ones.
fn node_keys<R: RngCore + CryptoRng>(
    directory: &Path,
    given: Option<&Path>,
    rng: &mut R,
) -> Result<(NodeId, bool), InitError> {
    let own = directory.join(IDENTITY_FILE);
    let present = read(&own)?.map(NodeKeys::of).transpose()?.map(|keys| keys.node);
    let Some(given) = given else {
        return match present {
            Some(node) => Ok((node, false)),
            None => Ok((NodeKeys::of(make(&own, rng)?)?.node, true)),
        };
    };
    let identity = read(given)?.ok_or_else(|| IdentityFileError::Absent(given.to_owned()))?;
    let text = identity.to_text()?;
    let node = NodeKeys::of(identity)?.node;
    match present {
        Some(present) if present != node => Err(InitError::OtherNode { present, given: node }),
        Some(_) => Ok((node, false)),
        None => {
            identity_file::create(&own, &text)?;
            Ok((node, false))
        }
    }
}

/// The public keys of a root; `None` for an identity file that is not there yet.
fn public(
    source: &RootSource,
    passphrase: impl Fn(&Path) -> Result<Passphrase, PassphraseError>,
) -> Result<Option<PublicIdentity>, InitError> {
    let open = |path: &Path, protected: &ProtectedIdentity| {
        let opened = protected.open(&passphrase(path)?);
        opened.map_err(|source| InitError::Protection { path: path.to_owned(), source })
    };
    match source {
        RootSource::File(path) => match identity_file::read(path) {
            Ok(IdentityText::Plain(identity)) => Ok(Some(identity.public()?)),
            Ok(IdentityText::Protected(protected)) => Ok(Some(open(path, &protected)?.public()?)),
            Err(IdentityFileError::Absent(_)) => Ok(None),
            Err(error) => Err(error.into()),
        },
        RootSource::Public(path) => public_user(path).map(Some),
    }
}

/// Reads a user object: one line of JSON whose `bytes` are a `UserCreate` that grants nothing. Its keys prove its id, and its
/// countersignature that the signing key is held; readable fields beside that are ignored.
fn public_user(path: &Path) -> Result<PublicIdentity, InitError> {
    let failed = |error| InitError::Io { action: "read", path: path.to_owned(), error };
    let no_user = || InitError::NoUser(path.to_owned());
    let mut text = Vec::new();
    fs::File::open(path).map_err(failed)?.take(USER_BYTES_MAX).read_to_end(&mut text).map_err(failed)?;
    let line: UserLine = serde_json::from_slice(&text).map_err(|_| no_user())?;
    if line.tag != "user" {
        return Err(no_user());
    }
    let bytes = Bytes::from(STANDARD.decode(&line.bytes).map_err(|_| no_user())?);
    let nobody = UserId::from_bytes([0; UserId::LEN]);
    let payload = Payload::decode(Kind::UserCreate, None, &nobody, &bytes).map_err(|_| no_user())?;
    payload.check().map_or(Ok(()), |check| check.verify())?;
    let Payload::UserCreate(create) = payload else { return Err(no_user()) };
    Ok(PublicIdentity {
        user: create.user,
        signing_key: create.signing_key,
        encryption_key: create.encryption_key,
        countersignature: create.countersignature,
    })
}

/// What a user object has, as far as it counts here.
#[derive(serde::Deserialize)]
struct UserLine {
    #[serde(rename = "type")]
    tag: String,
    bytes: String,
}

/// Makes the directory, or takes an empty or unfinished one.
fn claim(directory: &Path, roots: &[RootSource]) -> Result<(), InitError> {
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
        let is_root = roots.iter().any(|root| directory.join(&name) == root.path());
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

/// A node's identity; `None` where there is no file.
fn read(path: &Path) -> Result<Option<Identity>, InitError> {
    match identity_file::read(path) {
        Ok(IdentityText::Plain(identity)) => Ok(Some(*identity)),
        Ok(IdentityText::Protected(_)) => Err(InitError::Protected(path.to_owned())),
        Err(IdentityFileError::Absent(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn make<R: RngCore + CryptoRng>(path: &Path, rng: &mut R) -> Result<Identity, InitError> {
    let identity = Identity::generate(rng)?;
    identity_file::create(path, &identity.to_text()?)?;
    Ok(identity)
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
