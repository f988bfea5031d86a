//! The task of one peer: it gets a link, by dialing or from the acceptor, exchanges over it until it ends, and begins again.
//!
//! There is one link at a time. When both dial each other at once there are two; both nodes keep the one that was dialed by the
//! node with the smaller key, and of two that the same node dialed the newer one.

use std::{sync::Arc, time::Duration};

use dmpc::{keys::VerifyingKey, local::LocalAnswer, peer_settings::PeerSettings};
use rand_core::RngCore;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, Running,
    backoff::Backoff,
    dialer,
    exchange::Memory,
    link::Link,
    pace::Pace,
    state::{Reached, State},
};
use crate::config::{PEER_SHUNNED_DOUBLINGS_MAX, PEER_SHUNNED_FIRST};

/// What the task of a peer is sent.
#[derive(Debug)]
pub(super) enum Mail {
    /// The peer dialed, and proved its key.
    Link(Box<Link>),
    /// Somebody waits for one exchange.
    Sync(mpsc::Sender<LocalAnswer>),
}

/// How an exchange over a link ended.
pub(super) enum Ended {
    /// Another link takes its place.
    Replaced(Box<Link>),
    /// The link is gone, or the exchange is over.
    Over {
        /// What people read.
        problem: String,
        /// Whether something went over before, so that the next link may come soon.
        was_greeted: bool,
        /// Whether the peer is to blame, so that it may not.
        is_offence: bool,
    },
    /// The next link is wanted at once.
    Again,
    /// The peer was removed, or the node stops.
    Stopped,
}

/// See the module.
pub(super) struct Task<R> {
    pub(super) inner: Arc<Inner>,
    pub(super) settings: Arc<PeerSettings>,
    pub(super) state: Arc<State>,
    pub(super) letters: mpsc::Receiver<Mail>,
    pub(super) ended: CancellationToken,
    pub(super) pace: Arc<Pace>,
    /// Those who wait for an exchange.
    pub(super) waiting: Vec<mpsc::Sender<LocalAnswer>>,
    /// What both refused of each other, over all links.
    pub(super) memory: Memory,
    backoff: Backoff,
    /// When it is dialed next.
    due: Instant,
    /// Until when no link of it is taken, for what it did on the last ones.
    shunned: Instant,
    /// Links in a row that ended with an offence.
    offences: u32,
    random: R,
}

impl<R: RngCore> Task<R> {
    pub(super) fn new(inner: Arc<Inner>, peer: &Running, letters: mpsc::Receiver<Mail>, random: R) -> Self {
        let Running { settings, state, ended, .. } = peer.clone();
        let pace = Arc::new(Pace::of(&settings));
        Self {
            inner,
            settings,
            state,
            letters,
            ended,
            pace,
            waiting: Vec::new(),
            memory: Memory::default(),
            backoff: Backoff::default(),
            due: Instant::now(),
            shunned: Instant::now(),
            offences: 0,
            random,
        }
    }

    /// Until the peer is removed or the node stops.
    pub(super) async fn run(mut self) {
        let mut next = None;
        loop {
            let link = match next.take() {
                Some(link) => link,
                None => match self.reach().await {
                    Some(link) => link,
                    None => break,
                },
            };
            match self.drive(*link).await {
                Ended::Replaced(link) => next = Some(link),
                Ended::Stopped => break,
                Ended::Again => self.due = Instant::now(),
                Ended::Over { problem, was_greeted, is_offence } => {
                    tracing::info!(peer = %self.settings.name, problem, "a peer is no longer connected");
                    self.shun(is_offence);
                    self.part(problem, was_greeted && !is_offence);
                }
            }
        }
        self.state.left(Reached::Waiting, None);
    }

    /// The next link: the peer dials, or is dialed when its time comes. Nothing when the task is to end.
    async fn reach(&mut self) -> Option<Box<Link>> {
        // The other node is to dial again, for those who wait.
        let patience = Instant::now() + self.inner.greeting();
        loop {
            let dials = self.settings.address.is_some();
            tokio::select! {
                biased;
                () = self.ended.cancelled() => return None,
                mail = self.letters.recv() => match mail? {
                    Mail::Link(link) if Instant::now() < self.shunned => drop(link),
                    Mail::Link(link) => return Some(link),
                    Mail::Sync(tell) => {
                        // Somebody waits: dial now.
                        self.waiting.retain(|waiting| !waiting.is_closed());
                        self.waiting.push(tell);
                        self.due = Instant::now();
                        self.refuse_where_nobody_dials().await;
                    }
                },
                () = sleep_until(patience), if !dials && !self.waiting.is_empty() => {
                    self.state.left(Reached::Waiting, Some("it has no address here, and does not dial".to_owned()));
                    self.tell_waiting_of_problem().await;
                }
                () = sleep_until(self.due), if dials => match self.dial().await {
                    Some(link) => return Some(link),
                    None => self.tell_waiting_of_problem().await,
                },
            }
        }
    }

    async fn dial(&mut self) -> Option<Box<Link>> {
        let address = self.settings.address.clone()?;
        self.state.left(Reached::Dialing, None);
        let dialed = match self.inner.tls.client(self.settings.key) {
            Ok(tls) => dialer::dial(&address, &self.settings.key, tls, self.inner.greeting()).await,
            Err(error) => {
                tracing::error!(%error, "no TLS to dial with");
                return None;
            }
        };
        match dialed {
            Ok(link) => Some(Box::new(link)),
            Err(error) => {
                tracing::debug!(peer = %self.settings.name, %error, "a peer is not reached");
                let reached = match error {
                    dialer::DialError::OtherKey(_) => Reached::Refused,
                    dialer::DialError::Unreached { .. }
                    | dialer::DialError::Slow(_)
                    | dialer::DialError::Tls { .. } => Reached::Waiting,
                };
                self.state.left(reached, Some(error.to_string()));
                self.wait_longer();
                None
            }
        }
    }

    fn part(&mut self, problem: String, was_greeted: bool) {
        if was_greeted {
            self.backoff.reached();
        }
        self.wait_longer();
        if self.state.reached() == Reached::Connected {
            self.state.left(Reached::Waiting, Some(problem));
        }
    }

    fn wait_longer(&mut self) {
        let wait: Duration = self.backoff.next(self.random.next_u64());
        self.due = self.shunned.max(Instant::now() + wait);
    }

    /// Who sends what it should not is not heard for a while, for longer each time.
    fn shun(&mut self, is_offence: bool) {
        if !is_offence {
            self.offences = 0;
            return;
        }
        let pause = PEER_SHUNNED_FIRST.saturating_mul(1 << self.offences.min(PEER_SHUNNED_DOUBLINGS_MAX));
        self.offences += 1;
        self.shunned = Instant::now() + pause;
        tracing::warn!(peer = %self.settings.name, seconds = pause.as_secs(), "a peer sent what it should not; it is not heard for a while");
    }

    /// Whether a link takes the place of the one that there is.
    pub(super) fn replaces(&self, new: &Link, present_is_dialed: bool) -> bool {
        new.is_dialed == present_is_dialed || self.dialer_of(new.is_dialed) < self.dialer_of(present_is_dialed)
    }

    fn dialer_of(&self, is_dialed: bool) -> VerifyingKey {
        if is_dialed { self.inner.parts.keys.signing.verifying_key() } else { self.settings.key }
    }

    async fn tell_waiting_of_problem(&mut self) {
        let name = &self.settings.name;
        let problem = self.state.problem().unwrap_or_else(|| "it is not reached".to_owned());
        let hint =
            "dmpc-cli peer list shows its address and key; is the node there running, and is this node its peer?";
        for tell in self.waiting.drain(..) {
            let (reason, detail) =
                ("peer_unreachable".to_owned(), format!("no exchange with the peer '{name}': {problem}"));
            tell.send(LocalAnswer::Failed { reason, detail, hint: Some(hint.to_owned()) }).await.ok();
        }
    }

    async fn refuse_where_nobody_dials(&mut self) {
        if self.settings.address.is_none() {
            self.state.left(Reached::Waiting, Some("it has no address here, and has not dialed".to_owned()));
            self.tell_waiting_of_problem().await;
        }
    }
}
