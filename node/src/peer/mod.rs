//! Other nodes: who they are, how they are reached, and what goes over.
//!
//! ```text
//! book        who the peers are: the configuration, and a file for those added at run time
//! tls         raw node keys in the handshake, and nothing else
//! acceptor    lets in who holds the key of a peer         dialer   calls those who have an address
//! link        frames over a connection                    pace     how fast is taken from a peer
//! task        one for each peer: a link, the exchange over it, then the next link
//! reading     the greeting, and frames as they come   offering   operations on their way through ingest
//! drive       frames -> exchange -> ingest, outcomes and commits -> exchange -> frames
//! exchange    what is said, and when: pure, without sockets, clock or store
//! told        what an exchange has done so far
//! state       what is seen from outside: status and metrics
//! ```
//!
//! A peer is a front end like others: what it hands over goes down the one ingest path, as from an origin of its own.

mod acceptor;
mod backoff;
mod book;
mod dialer;
mod drive;
pub mod exchange;
mod link;
mod offering;
mod pace;
mod reading;
mod state;
mod task;
pub mod tls;
mod told;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use dmpc::{
    keys::VerifyingKey,
    local::{LocalAnswer, LocalNode, PeerStatus},
    peer_settings::PeerSettings,
};
use dmpc_storage::Reader;
use parking_lot::Mutex;
use rand_core::RngCore;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;

pub use acceptor::Acceptor;
pub use backoff::Backoff;
pub use book::{Book, BookError, PEERS_FILE};
pub use link::codec;

use crate::{
    clock::Clock,
    config::{Limits, PEER_MAIL_MAX},
    data_directory::NodeKeys,
    feed::Feed,
    ingest::Ingest,
    lifecycle::Lifecycle,
};
use link::Link;
use state::State;
use task::{Mail, Task};
use tls::NodeTls;

/// What the exchange with peers works with.
#[derive(Debug)]
pub struct Parts {
    /// Who the peers are.
    pub book: Book,
    /// This node.
    pub keys: NodeKeys,
    /// Reads the log.
    pub reader: Reader,
    /// Takes what peers hand over.
    pub ingest: Ingest,
    /// Says when something was committed.
    pub feed: Feed,
    /// Tells the time.
    pub clock: Clock,
    /// Ends it.
    pub lifecycle: Lifecycle,
    /// How long it waits.
    pub limits: Arc<Limits>,
    /// Where it listens; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

/// Why a peer is not synced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// No peer has the name.
    #[error("there is no peer '{0}'")]
    Unknown(String),
    /// As many wait as may.
    #[error("too many wait for the peer '{0}' already")]
    Busy(String),
}

impl SyncError {
    /// Stable words for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_peer",
            Self::Busy(_) => "peer_busy",
        }
    }

    /// What helps.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(_) => Some("dmpc-cli peer list shows those that there are"),
            Self::Busy(_) => Some("try again when the others are done"),
        }
    }
}

/// All peers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    tls: NodeTls,
    running: Mutex<BTreeMap<String, Running>>,
}

/// A peer with its task.
#[derive(Clone, Debug)]
struct Running {
    settings: Arc<PeerSettings>,
    state: Arc<State>,
    mail: mpsc::Sender<Mail>,
    ended: CancellationToken,
}

impl Peers {
    /// None is dialed yet.
    pub fn new(parts: Parts) -> Self {
        let tls = NodeTls::new(Arc::clone(&parts.keys.signing));
        Self(Arc::new(Inner { parts, tls, running: Mutex::default() }))
    }

    /// Who they are.
    pub fn book(&self) -> &Book {
        &self.0.parts.book
    }

    /// What others need to know of this node.
    pub fn node(&self) -> LocalNode {
        let Parts { keys, listen, .. } = &self.0.parts;
        LocalNode {
            node: keys.node.to_string(),
            key: keys.signing.verifying_key().to_string(),
            listen: listen.map(|address| address.to_string()),
        }
    }

    /// How the exchanges stand, ascending by name.
    pub fn status(&self) -> Vec<PeerStatus> {
        let operations = self.operations();
        let running: Vec<Running> = self.0.running.lock().values().cloned().collect();
        running.into_iter().map(|peer| peer.state.status(&peer.settings, operations)).collect()
    }

    /// Brings the metrics up to date that nobody counts.
    pub fn observe(&self) {
        let operations = self.operations();
        for peer in self.0.running.lock().values() {
            peer.state.observe(&peer.settings, operations);
        }
    }

    /// In the log.
    fn operations(&self) -> u64 {
        self.0.parts.reader.info().map_or(0, |info| info.operations)
    }

    /// Asks for one exchange with a peer; what is received are its progress and its end. It ends early when the link does.
    ///
    /// # Errors
    /// [`SyncError`]
    pub async fn sync(&self, name: &str) -> Result<mpsc::Receiver<LocalAnswer>, SyncError> {
        let (tell, told) = mpsc::channel(1);
        let known = self.0.running.lock().get(name).cloned();
        let peer = known.ok_or_else(|| SyncError::Unknown(name.to_owned()))?;
        peer.mail.try_send(Mail::Sync(tell)).map_err(|_| SyncError::Busy(name.to_owned()))?;
        Ok(told)
    }

    /// Hands a link that was accepted to the task of its peer.
    async fn arrived(&self, link: Link) {
        let running = self.0.running.lock().values().find(|peer| peer.settings.key == link.key).cloned();
        // It may have been removed meanwhile.
        let Some(peer) = running else { return };
        peer.mail.send(Mail::Link(Box::new(link))).await.ok();
    }

    /// What handshakes are accepted with.
    ///
    /// # Errors
    /// What rustls says; it has all that is asked of it.
    pub fn server(&self) -> Result<Arc<rustls::ServerConfig>, rustls::Error> {
        let book = self.0.parts.book.clone();
        self.0.tls.server(Arc::new(move |key: &VerifyingKey| book.name_of(key).is_some()))
    }

    /// Runs a task for each peer until the node ends, and lets them end. `random` makes a generator for each.
    pub async fn run<R>(self, random: impl Fn() -> R)
    where
        R: RngCore + Send + 'static,
    {
        let lifecycle = self.0.parts.lifecycle.clone();
        let mut changed = self.0.parts.book.watch();
        let mut tasks = JoinSet::new();
        loop {
            changed.mark_unchanged();
            self.bring_up_to_date(&mut tasks, &random);
            tokio::select! {
                biased;
                _ = lifecycle.interrupted() => break,
                _ = changed.changed() => {}
                // One that ended was removed, or panicked; that is in the log.
                Some(_) = tasks.join_next() => {}
            }
        }
        self.0.running.lock().values().for_each(|peer| peer.ended.cancel());
        while tasks.join_next().await.is_some() {}
    }

    /// Starts the tasks of peers that are new, ends those of peers that are gone.
    fn bring_up_to_date<R>(&self, tasks: &mut JoinSet<()>, random: &impl Fn() -> R)
    where
        R: RngCore + Send + 'static,
    {
        let present = self.0.parts.book.all();
        let mut running = self.0.running.lock();
        running.retain(|_, peer| {
            let stays = present.contains(&peer.settings) && !peer.mail.is_closed();
            if !stays {
                peer.ended.cancel();
            }
            stays
        });
        for settings in present {
            if running.contains_key(&settings.name) {
                continue;
            }
            let (mail, letters) = mpsc::channel(PEER_MAIL_MAX);
            let (state, ended) = (Arc::new(State::default()), CancellationToken::new());
            let name = settings.name.clone();
            let peer = Running { settings, state, mail, ended };
            tasks.spawn(Task::new(Arc::clone(&self.0), &peer, letters, random()).run());
            running.insert(name, peer);
        }
    }
}

impl Inner {
    /// How long a handshake may take.
    fn greeting(&self) -> Duration {
        Limits::seconds(self.parts.limits.greeting_seconds)
    }

    /// How long a peer may be silent, or take for a frame.
    fn silence(&self) -> Duration {
        Limits::seconds(self.parts.limits.silence_seconds)
    }
}
