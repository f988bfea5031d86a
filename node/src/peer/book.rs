//! Who the peers are: those of the configuration, and those that were added at run time, which stand in a file of the data
//! directory. A name and a key each stand once.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::{
    keys::VerifyingKey,
    local::ListedPeer,
    peer_settings::{PeerSettings, PeerSettingsError},
};
use dmpc_storage::identity_file::{self, IdentityFileError};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The file of the data directory with the peers that were added at run time.
pub const PEERS_FILE: &str = "peers.toml";
/// The version of that file.
const VERSION: u32 = 1;
/// Bytes of that file.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Why the peers are not, or not to be, as they are told.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The settings do not fit.
    #[error(transparent)]
    Settings(#[from] PeerSettingsError),
    /// The name is taken.
    #[error("there is a peer '{0}' already")]
    Name(String),
    /// The key is taken.
    #[error("the peer '{0}' has this key already")]
    Key(String),
    /// The node itself.
    #[error("this is the key of this node itself")]
    Own,
    /// As many as there may be.
    #[error("there are {0} peers, as many as limits.peers allows")]
    Full(usize),
    /// No peer has the name.
    #[error("there is no peer '{0}'")]
    Unknown(String),
    /// It stands in the configuration.
    #[error("the peer '{0}' stands in the configuration; take it from there and start the node again")]
    Configured(String),
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{} does not hold the peers of a node: {cause}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The file cannot be written.
    #[error("cannot keep the peers: {0}")]
    Unwritten(#[from] IdentityFileError),
}

impl BookError {
    /// Stable words for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Settings(error) => error.word(),
            Self::Name(_) => "peer_name_taken",
            Self::Key(_) => "peer_key_taken",
            Self::Own => "peer_is_own_key",
            Self::Full(_) => "too_many_peers",
            Self::Unknown(_) => "unknown_peer",
            Self::Configured(_) => "peer_configured",
            Self::Unreadable { .. } | Self::Damaged { .. } | Self::Unwritten(_) => "peers_file",
        }
    }

    /// What helps.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Name(_) | Self::Key(_) => Some("dmpc-cli peer list shows them; dmpc-cli peer remove takes one away"),
            Self::Own => Some("the other node's key is in the first lines of dmpc-cli peer list there"),
            Self::Unknown(_) => Some("dmpc-cli peer list shows those that there are"),
            Self::Full(_) => Some("remove one, or set limits.peers higher and start the node again"),
            Self::Settings(_)
            | Self::Configured(_)
            | Self::Unreadable { .. }
            | Self::Damaged { .. }
            | Self::Unwritten(_) => None,
        }
    }
}

/// The file of peers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    #[serde(default)]
    peers: Vec<PeerSettings>,
}

/// A peer, and whether it stands in the configuration.
#[derive(Clone, Debug)]
struct Entry {
    settings: Arc<PeerSettings>,
    configured: bool,
}

/// All peers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Book(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Mutex<BTreeMap<String, Entry>>,
    own: VerifyingKey,
    file: PathBuf,
    peers_max: usize,
    changed: watch::Sender<()>,
}

impl Book {
    /// Those of the configuration, and those in the file of the data directory. A peer of the file that stands in the
    /// configuration by now counts as it stands there.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn open(
        configured: &[PeerSettings],
        data: &Path,
        own: VerifyingKey,
        peers_max: usize,
    ) -> Result<Self, BookError> {
        let file = data.join(PEERS_FILE);
        let kept = read(&file)?;
        let book =
            Self(Arc::new(Inner { entries: Mutex::default(), own, file, peers_max, changed: watch::Sender::new(()) }));
        {
            let mut entries = book.0.entries.lock();
            for settings in configured {
                book.0.fits(&entries, settings)?;
                let entry = Entry { settings: Arc::new(settings.clone()), configured: true };
                entries.insert(settings.name.clone(), entry);
            }
            for settings in kept {
                let is_configured =
                    |known: &Entry| known.settings.name == settings.name || known.settings.key == settings.key;
                if let Some(known) = entries.values().find(|known| is_configured(known)) {
                    let (peer, instead) = (&settings.name, &known.settings.name);
                    tracing::warn!(%peer, %instead, "a peer of the file stands in the configuration; that counts");
                    continue;
                }
                book.0.fits(&entries, &settings)?;
                entries.insert(settings.name.clone(), Entry { settings: Arc::new(settings), configured: false });
            }
        }
        Ok(book)
    }

    /// All of them, ascending by name.
    pub fn all(&self) -> Vec<Arc<PeerSettings>> {
        self.0.entries.lock().values().map(|entry| Arc::clone(&entry.settings)).collect()
    }

    /// All of them, ascending by name, with whether they stand in the configuration.
    pub fn listed(&self) -> Vec<ListedPeer> {
        let entries = self.0.entries.lock();
        let listed = |entry: &Entry| ListedPeer { settings: (*entry.settings).clone(), configured: entry.configured };
        entries.values().map(listed).collect()
    }

    /// The name of who holds a key.
    pub fn name_of(&self, key: &VerifyingKey) -> Option<String> {
        let entries = self.0.entries.lock();
        entries.values().find(|entry| entry.settings.key == *key).map(|entry| entry.settings.name.clone())
    }

    /// Adds one, and keeps it.
    ///
    /// # Errors
    /// [`BookError`]; nothing has changed then.
    pub fn add(&self, settings: PeerSettings) -> Result<(), BookError> {
        let mut entries = self.0.entries.lock();
        self.0.fits(&entries, &settings)?;
        let mut after = entries.clone();
        after.insert(settings.name.clone(), Entry { settings: Arc::new(settings), configured: false });
        self.0.keep(&after)?;
        *entries = after;
        self.0.changed.send_replace(());
        Ok(())
    }

    /// Takes one away that was added at run time.
    ///
    /// # Errors
    /// [`BookError`]; nothing has changed then.
    pub fn remove(&self, name: &str) -> Result<(), BookError> {
        let mut entries = self.0.entries.lock();
        match entries.get(name) {
            None => return Err(BookError::Unknown(name.to_owned())),
            Some(entry) if entry.configured => return Err(BookError::Configured(name.to_owned())),
            Some(_) => {}
        }
        let mut after = entries.clone();
        after.remove(name);
        self.0.keep(&after)?;
        *entries = after;
        self.0.changed.send_replace(());
        Ok(())
    }

    /// Says when the peers change.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }
}

impl Inner {
    /// Whether one more fits beside these.
    fn fits(&self, entries: &BTreeMap<String, Entry>, settings: &PeerSettings) -> Result<(), BookError> {
        settings.check()?;
        if settings.key == self.own {
            return Err(BookError::Own);
        }
        if entries.contains_key(&settings.name) {
            return Err(BookError::Name(settings.name.clone()));
        }
        if let Some(other) = entries.values().find(|entry| entry.settings.key == settings.key) {
            return Err(BookError::Key(other.settings.name.clone()));
        }
        if entries.len() >= self.peers_max { Err(BookError::Full(entries.len())) } else { Ok(()) }
    }

    /// Writes those that do not stand in the configuration; they are on disk afterwards.
    fn keep(&self, entries: &BTreeMap<String, Entry>) -> Result<(), BookError> {
        let own = entries.values().filter(|entry| !entry.configured);
        let kept = Kept { version: VERSION, peers: own.map(|entry| (*entry.settings).clone()).collect() };
        let text = toml::to_string(&kept)
            .map_err(|error| BookError::Damaged { path: self.file.clone(), cause: error.to_string() })?;
        Ok(identity_file::replace(&self.file, &text)?)
    }
}

/// The peers of a file; none when it is not there.
fn read(path: &Path) -> Result<Vec<PeerSettings>, BookError> {
    let unreadable = |error| BookError::Unreadable { path: path.to_owned(), error };
    let damaged = |cause: String| BookError::Damaged { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    let kept: Kept = toml::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if kept.version != VERSION {
        return Err(damaged(format!("its version is {}, not {VERSION}", kept.version)));
    }
    Ok(kept.peers)
}
