//! The exchange over one link: frames go in, frames and operations come out, until the link, the peer or the node ends.
//!
//! Nothing here waits for one thing alone. Frames are read all the time, but for a peer that sends faster than it may;
//! the exchange is asked what is next when there is room for a frame and for operations, so memory is bounded by its window.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use dmpc::{NodeId, peer::Scopes};
use dmpc_storage::StoreError;
use rand_core::RngCore;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    dialer,
    exchange::{Action, Config, EndReason, Ended as ExchangeEnded, Exchange, Handed, Role, Told as Outcome},
    link::{Link, Outgoing},
    offering::Offering,
    reading::{Reading, greet},
    state::Reached,
    task::{Ended, Mail, Task},
    told::Told,
};
use crate::{
    config::{Limits, PEER_RECONCILE_INTERVAL, PEER_TICK},
    lifecycle::Interrupted,
};

/// How long what was said last may take to be written.
const CLOSING_PATIENCE: Duration = Duration::from_secs(1);

/// Why an exchange cannot go on.
#[derive(Debug, thiserror::Error)]
enum DriveError {
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The link broke, or was closed.
    #[error("{0}")]
    Link(#[from] io::Error),
    /// The node fails.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// What the exchange waits for before it may be asked what is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocked {
    /// Something happens.
    No,
    /// Room for a frame.
    Frame,
    /// Room for operations.
    Operations,
}

/// What an exchange is told of.
enum Happened {
    /// The peer was removed, or the node stops.
    Stop,
    /// A frame came, or the end of all frames.
    Frame(Option<io::Result<Bytes>>),
    /// What became of operations; nothing when the node stops.
    Outcomes(Option<(u64, Vec<Outcome>)>),
    /// The log grew.
    Grew,
    /// Somebody wants something of the task.
    Mail(Option<Mail>),
    /// There is room, or never again.
    Room(bool),
    /// Time passed.
    Tick,
}

/// An exchange on its link.
struct Drive {
    exchange: Exchange,
    told: Told,
    reading: Reading,
    outgoing: Outgoing,
    groups: mpsc::Sender<Handed>,
    offering: Offering,
    grew: watch::Receiver<()>,
    is_dialed: bool,
    heard: Instant,
    said: Instant,
    reconciled: Instant,
    /// The log grew since the other was told where this node is.
    is_news: bool,
    /// The exchange was ended: what is said last has so long.
    closing_by: Option<Instant>,
    /// What ends the task with the exchange.
    verdict: Option<Ended>,
}

impl<R: RngCore> Task<R> {
    /// Exchanges over a link until it ends.
    pub(super) async fn drive(&mut self, link: Link) -> Ended {
        let is_dialed = link.is_dialed;
        let (mut incoming, outgoing) = link.split(self.inner.silence());
        let own = Bytes::copy_from_slice(self.inner.parts.keys.recipient.as_bytes());
        let greeting = greet(own, self.settings.key, &mut incoming, &outgoing);
        let peer = match timeout(self.inner.greeting(), greeting).await {
            Ok(Ok(peer)) => peer,
            Ok(Err(error)) => return self.not_greeted(&error),
            Err(_) => return self.over("it took too long to greet", false),
        };
        let parts = &self.inner.parts;
        let offering = match Offering::begin(&parts.ingest, &self.settings.key, Arc::clone(&self.pace)) {
            Ok(offering) => offering,
            Err(error) => return self.over(&error.to_string(), false),
        };
        let exchange = Exchange::new(self.config(peer, is_dialed), std::mem::take(&mut self.memory));
        let now = Instant::now();
        let mut drive = Drive {
            told: Told::begin(&self.settings.name, is_dialed),
            exchange,
            reading: Reading::begin(incoming, Arc::clone(&self.pace)),
            outgoing,
            groups: offering.groups(),
            offering,
            grew: parts.feed.grew(),
            is_dialed,
            heard: now,
            said: now,
            reconciled: now,
            is_news: false,
            closing_by: None,
            verdict: None,
        };
        self.state.connected();
        tracing::info!(peer = %self.settings.name, node = %peer, is_dialed, "a peer is connected");
        drive.told.adopt(&mut self.waiting, &drive.exchange);
        let ended = self.turn(&mut drive).await;
        self.look(&mut drive);
        self.waiting.extend(drive.told.give_back());
        let Drive { exchange, outgoing, verdict, .. } = drive;
        let was_greeted = exchange.status().terms.is_some();
        self.memory = exchange.into_memory();
        outgoing.close(CLOSING_PATIENCE).await;
        match (verdict, ended) {
            (Some(verdict), _) => verdict,
            (None, Ok(ended)) => self.concluded(ended, was_greeted),
            (None, Err(error)) => self.broken(&error, was_greeted),
        }
    }

    fn config(&self, peer: NodeId, is_dialed: bool) -> Config {
        let parts = &self.inner.parts;
        let role = if is_dialed { Role::Initiator } else { Role::Responder };
        let roots = parts.reader.genesis().roots_digest();
        let channels = self.settings.channels.clone();
        Config {
            scopes: if channels.is_empty() { Scopes::Everything } else { Scopes::channels(channels) },
            pushes: self.settings.direction.gives(),
            pulls: self.settings.direction.takes(),
            ..Config::new(parts.keys.node, peer, role, roots)
        }
    }

    fn not_greeted(&self, error: &io::Error) -> Ended {
        if dialer::is_unknown_there(error) {
            self.state.left(Reached::Refused, Some("the node there does not know the key of this node".to_owned()));
        }
        self.over(&format!("no greeting: {error}"), false)
    }

    fn over(&self, problem: &str, was_greeted: bool) -> Ended {
        Ended::Over { problem: problem.to_owned(), was_greeted, is_offence: false }
    }

    fn concluded(&self, ended: ExchangeEnded, was_greeted: bool) -> Ended {
        let ExchangeEnded { reason, detail, own } = ended;
        let who = if own.is_some() { "this node" } else { "the node there" };
        let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
        let is_offence = own.is_some_and(EndReason::is_offence);
        if is_offence {
            self.state.refuse(&self.settings.name, &reason, 1);
        }
        Ended::Over { problem: format!("{who} ended the exchange ({reason}{detail})"), was_greeted, is_offence }
    }

    fn broken(&self, error: &DriveError, was_greeted: bool) -> Ended {
        let mut is_offence = false;
        if let DriveError::Link(error) = error
            && error.kind() == io::ErrorKind::InvalidData
        {
            is_offence = true;
            self.state.refuse(&self.settings.name, "broken_frame", 1);
        }
        Ended::Over { problem: error.to_string(), was_greeted, is_offence }
    }

    /// Until the exchange ends.
    async fn turn(&mut self, drive: &mut Drive) -> Result<ExchangeEnded, DriveError> {
        let mut ticks = interval(PEER_TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let blocked = match self.act(drive)? {
                Ok(blocked) => blocked,
                Err(ended) => return Ok(ended),
            };
            self.look(drive);
            let is_open = drive.closing_by.is_none();
            let happened = tokio::select! {
                () = self.ended.cancelled(), if is_open => Happened::Stop,
                _ = self.inner.parts.lifecycle.interrupted(), if is_open => Happened::Stop,
                frame = drive.reading.frames.recv() => Happened::Frame(frame),
                outcomes = drive.offering.next() => Happened::Outcomes(outcomes?),
                Ok(()) = drive.grew.changed() => Happened::Grew,
                mail = self.letters.recv(), if is_open => Happened::Mail(mail),
                room = drive.outgoing.room(), if blocked == Blocked::Frame => Happened::Room(room.is_some()),
                _ = drive.groups.reserve(), if blocked == Blocked::Operations => Happened::Room(true),
                _ = ticks.tick() => Happened::Tick,
            };
            self.take(drive, happened)?;
        }
    }

    /// Does what the exchange wants, as far as there is room.
    fn act(&self, drive: &mut Drive) -> Result<Result<Blocked, ExchangeEnded>, DriveError> {
        loop {
            let Some(frame_room) = drive.outgoing.try_room() else { return Ok(Ok(Blocked::Frame)) };
            let Ok(group_room) = drive.groups.try_reserve() else { return Ok(Ok(Blocked::Operations)) };
            match drive.exchange.next(&self.inner.parts.reader)? {
                None => return Ok(Ok(Blocked::No)),
                Some(Action::Send(bytes)) => {
                    drive.said = Instant::now();
                    frame_room.send(bytes);
                }
                Some(Action::Ingest(handed)) => group_room.send(handed),
                Some(Action::End(ended)) => return Ok(Err(ended)),
            }
        }
    }

    fn take(&mut self, drive: &mut Drive, happened: Happened) -> Result<(), DriveError> {
        match happened {
            Happened::Stop | Happened::Mail(None) => drive.close(EndReason::Stopping, Ended::Stopped),
            Happened::Mail(Some(mail)) => self.take_mail(drive, mail),
            Happened::Frame(frame) => {
                let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed");
                let frame = frame.ok_or_else(closed)??;
                drive.heard = Instant::now();
                drive.exchange.receive(&frame, &self.inner.parts.reader)?;
            }
            Happened::Outcomes(outcomes) => {
                let (number, outcomes) = outcomes.ok_or(Interrupted::ShuttingDown)?;
                drive.told.refused(&outcomes, &self.state);
                drive.exchange.ingested(number, outcomes);
            }
            Happened::Grew => {
                drive.is_news = true;
                drive.exchange.log_grew();
            }
            Happened::Room(true) => {}
            Happened::Room(false) => {
                let gone = io::Error::new(io::ErrorKind::BrokenPipe, "the connection takes nothing any more");
                return Err(gone.into());
            }
            Happened::Tick => self.tick(drive)?,
        }
        Ok(())
    }

    fn take_mail(&mut self, drive: &mut Drive, mail: Mail) {
        match mail {
            Mail::Link(link) if self.replaces(&link, drive.is_dialed) => {
                drive.close(EndReason::Stopping, Ended::Replaced(link));
            }
            // The other end does the same, so the one that stays is the same at both.
            Mail::Link(link) => drop(link),
            // Taken over with the next tick.
            Mail::Sync(tell) if drive.is_dialed => self.waiting.push(tell),
            Mail::Sync(tell) => {
                // The one that dialed asks what differs; so this node dials, or is dialed again.
                self.waiting.push(tell);
                drive.close(EndReason::Stopping, Ended::Again);
            }
        }
    }

    /// Time passed.
    fn tick(&mut self, drive: &mut Drive) -> Result<(), DriveError> {
        let (now, reader) = (Instant::now(), &self.inner.parts.reader);
        if drive.closing_by.is_some_and(|by| now >= by) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the last words were not taken in time").into());
        }
        if now.duration_since(drive.heard) >= self.inner.silence() && !drive.reading.is_paced.load(Ordering::Relaxed) {
            drive.exchange.end(EndReason::Silent, "");
            drive.closing_by.get_or_insert(now + CLOSING_PATIENCE);
        }
        let is_due = now.duration_since(drive.said) >= Limits::seconds(self.inner.parts.limits.ping_seconds);
        if is_due || drive.is_news && drive.exchange.lag(reader.info()?.operations) == 0 {
            drive.is_news = false;
            drive.exchange.stay_alive(reader)?;
        }
        let is_asked = drive.told.adopt(&mut self.waiting, &drive.exchange);
        if is_asked || now.duration_since(drive.reconciled) >= PEER_RECONCILE_INTERVAL {
            drive.reconciled = now;
            drive.exchange.reconcile_again();
        }
        drive.told.progress();
        Ok(())
    }

    /// Tells those outside how it stands.
    fn look(&mut self, drive: &mut Drive) {
        let parts = &self.inner.parts;
        match parts.reader.info() {
            Ok(own) => drive.told.look(&drive.exchange, &own, parts, &self.state),
            Err(error) => tracing::warn!(%error, "cannot say how the exchange with a peer stands"),
        }
    }
}

impl Drive {
    /// Ends the exchange; the last words are said first.
    fn close(&mut self, reason: EndReason, verdict: Ended) {
        self.exchange.end(reason, "");
        self.closing_by.get_or_insert_with(|| Instant::now() + CLOSING_PATIENCE);
        self.verdict.get_or_insert(verdict);
    }
}
