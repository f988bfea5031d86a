//! The one write path, whatever the front end: unseal and decode, verify, sequence, publish and acknowledge.
//!
//! A front end opens a [`Session`] for each stream of transactions and hands over what it reads with
//! [`Session::submit`]; answers come out of the session's [`Acks`] in the order in which the transactions went in.
//! Between them run one verifier thread a core, one sequencer thread, the only writer, and one thread that settles what was
//! written while the sequencer goes on:
//!
//! ```text
//! submit -> inbox of the session -> ready queue -> verifier -> unit queue -> sequencer -> settling -> acks of the session
//! ```
//!
//! A session is with at most one verifier at a time, and both queues are first in, first out: that keeps its order.
//! Every queue is bounded; a session's acknowledgements are bounded by its [`room`].

mod acks;
mod outcome;
mod room;
mod sequencer;
mod session;
mod settling;
mod tally;
mod unit;
mod verifier;

pub use acks::Acks;
pub use session::{Session, SubmitError};

use std::{
    io,
    sync::{Arc, Weak},
    thread,
};

use crossbeam_channel::{Sender, bounded};
use dmpc::keys::DecryptionKey;
use dmpc_storage::{Source, StoreError, Writer};
use rand_core::{CryptoRng, RngCore};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    config::{Limits, SEQUENCER_UNITS_MAX},
    feed::Feed,
    horizon::Horizon,
    lifecycle::Lifecycle,
    listener::Origin,
    rates::Rates,
};
use sequencer::Sequencer;
use session::SessionCore;
use verifier::{Verifier, Verifying};

/// Why ingest cannot start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The store failed; what was not acknowledged has an unknown fate.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
    /// The sequencer ended without a word.
    #[error("the sequencer ended unexpectedly; its panic is in the log")]
    Panicked,
}

/// What ingest works with.
#[derive(Debug)]
pub struct Parts {
    /// The one writer.
    pub writer: Writer,
    /// Opens what is sealed to the node.
    pub key: DecryptionKey,
    /// Says what time it is.
    pub horizon: Arc<Horizon>,
    /// Says when to end.
    pub lifecycle: Lifecycle,
    /// How much is taken.
    pub limits: Arc<Limits>,
}

/// The write path; cheap to clone.
#[derive(Clone, Debug)]
pub struct Ingest {
    ready: Sender<Arc<SessionCore>>,
    /// As long as there are verifiers.
    verifying: Weak<Verifying>,
    budget: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
    lifecycle: Lifecycle,
    limits: Arc<Limits>,
    addresses: Arc<Rates<Source>>,
}

/// Its threads; whoever has them ends them.
#[derive(Debug)]
pub struct IngestThreads {
    stop: Sender<()>,
    done: oneshot::Receiver<Result<(), StoreError>>,
}

impl Ingest {
    /// Starts the threads. `random` makes a generator for each verifier.
    ///
    /// # Errors
    /// [`IngestError::Thread`]
    pub fn start<R>(parts: Parts, random: impl Fn() -> R) -> Result<(Self, IngestThreads, Feed), IngestError>
    where
        R: RngCore + CryptoRng + Send + 'static,
    {
        let Parts { writer, key, horizon, lifecycle, limits } = parts;
        let (ready, ready_sessions) = bounded(limits.sessions);
        let (units, unit_queue) = bounded(SEQUENCER_UNITS_MAX);
        let (stop, stopped) = bounded(0);
        let budget = Arc::new(Semaphore::new(limits.ingest_bytes));
        let (sequencer, feed) = Sequencer::new(writer, unit_queue, horizon, Arc::clone(&budget), lifecycle.clone())?;
        let identities = Arc::new(Rates::per_second(limits.identity_operations_per_second));
        let (again, feed_of) = (ready.clone(), feed.clone());
        let verifying = Arc::new(Verifying {
            key,
            ready: ready_sessions,
            again,
            units,
            feed: feed_of,
            identities,
            lifecycle: lifecycle.clone(),
        });
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
            let verifier = Verifier { verifying: Arc::clone(&verifying), random: random(), stopped: stopped.clone() };
            let guard = lifecycle.guard();
            thread::Builder::new().name(format!("verifier-{number}")).spawn(move || {
                verifier.run();
                guard.disarm();
            })?;
        }
        let (tell, done) = oneshot::channel();
        let guard = lifecycle.guard();
        thread::Builder::new().name("sequencer".to_owned()).spawn(move || {
            let result = sequencer.run();
            if result.is_ok() {
                guard.disarm();
            }
            // Nobody listens when the process ends already.
            tell.send(result).ok();
        })?;
        let sessions = Arc::new(Semaphore::new(limits.sessions));
        let addresses = Arc::new(Rates::per_second(limits.address_transactions_per_second));
        let ingest =
            Self { ready, verifying: Arc::downgrade(&verifying), budget, sessions, lifecycle, limits, addresses };
        Ok((ingest, IngestThreads { stop, done }, feed))
    }

    /// Bytes of transactions between arrival and commit.
    pub fn bytes(&self) -> usize {
        self.limits.ingest_bytes.saturating_sub(self.budget.available_permits())
    }

    /// Sessions that are open.
    pub fn sessions(&self) -> usize {
        self.limits.sessions.saturating_sub(self.sessions.available_permits())
    }

    /// Opens a session: what one stream of transactions needs.
    ///
    /// # Errors
    /// [`SubmitError::Sessions`] when there are as many as there may be.
    pub fn session(&self, origin: Origin) -> Result<(Session, Acks), SubmitError> {
        let place = Arc::clone(&self.sessions).try_acquire_owned().map_err(|_| SubmitError::Sessions)?;
        Ok(session::open(self, origin, true, place))
    }

    /// Opens a session for what a peer hands over.
    ///
    /// # Errors
    /// [`SubmitError::Sessions`] when there are as many as there may be.
    pub fn session_of_peer(&self, origin: Origin) -> Result<(Session, Acks), SubmitError> {
        let place = Arc::clone(&self.sessions).try_acquire_owned().map_err(|_| SubmitError::Sessions)?;
        Ok(session::open(self, origin, false, place))
    }
}

impl IngestThreads {
    /// Ends the threads when they have done what was accepted, and closes the store. Front ends have ended before.
    ///
    /// # Errors
    /// [`IngestError::Store`] when a write failed, at any time; [`IngestError::Panicked`].
    pub async fn close(self) -> Result<(), IngestError> {
        drop(self.stop);
        Ok(self.done.await.map_err(|_| IngestError::Panicked)??)
    }
}
