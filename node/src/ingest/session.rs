//! Sessions: one stream of transactions, its inbox, and its place in the ready queue.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::Sender;
use dmpc::{
    SignedOperation,
    error::{Classified, ErrorClass},
    v1,
};
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::sleep,
};

use super::{
    Ingest,
    acks::{AckGroup, Acks},
    room::{Gone, Room},
};
use crate::{
    config::{BATCH_BYTES_MAX, BATCH_ITEMS_MAX, Limits, VERIFY_AT_ONCE_BYTES_MAX, VERIFY_SINGLY_OPERATIONS},
    frame::FrameError,
    lifecycle::Interrupted,
    listener::Origin,
};

/// Why transactions are not accepted. Those accepted before are acknowledged all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The batch is over a limit.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The node ends.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// As many sessions as there may be.
    #[error("the node has as many submission streams as its limits.sessions allows; try again later")]
    Sessions,
}

impl Classified for SubmitError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Frame(error) => error.class(),
            Self::Interrupted(error) => error.class(),
            Self::Sessions => ErrorClass::Overloaded,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Interrupted(error) => error.reason(),
            Self::Sessions => "too_many_sessions",
        }
    }
}

/// The submitting end of a session. When it is dropped, its [`Acks`] end after the last answer.
#[derive(Debug)]
pub struct Session {
    core: Arc<SessionCore>,
    ingest: Ingest,
}

pub(super) fn open(ingest: &Ingest, origin: Origin, is_client: bool, place: OwnedSemaphorePermit) -> (Session, Acks) {
    let room = Arc::new(Room::new(ingest.limits.session_operations, ingest.limits.session_bytes));
    // Bounded by the room: every group in it holds what it answers until it is taken.
    let (acks, groups) = mpsc::unbounded_channel();
    let (inbox, keep_alive) = (Mutex::default(), AtomicBool::new(false));
    let core = SessionCore { origin, is_client, acks, room: Arc::clone(&room), inbox, keep_alive, _place: place };
    let session = Session { core: Arc::new(core), ingest: ingest.clone() };
    (session, Acks::new(groups, room, ingest.lifecycle.clone()))
}

impl Session {
    /// Accepts a batch of transactions, as soon as there is room for it. Accepted transactions are acknowledged, each in
    /// its turn. Where nobody takes the answers any more, nothing is accepted, and there is nobody to tell.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing of the batch is accepted then.
    pub async fn submit(&mut self, items: Vec<v1::Item>) -> Result<(), SubmitError> {
        let bytes = items.iter().map(|item| item.transaction.len()).sum();
        // A single transaction over the limit is answered as such, not as a batch.
        if items.len() > BATCH_ITEMS_MAX {
            return Err(FrameError::BatchItems.into());
        }
        if items.len() > 1 && bytes > BATCH_BYTES_MAX {
            return Err(FrameError::BatchBytes.into());
        }
        if items.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            interrupted = self.ingest.lifecycle.interrupted() => return Err(interrupted.into()),
            admitted = self.admit(items.len(), bytes) => if admitted?.is_break() {
                return Ok(());
            },
        }
        let is_small = items.len() == 1 && bytes <= VERIFY_AT_ONCE_BYTES_MAX;
        self.deliver(items.into_iter().map(Given::Transaction), is_small);
        Ok(())
    }

    /// Accepts operations of another node, well formed and not verified yet, as soon as there is room for them. They are
    /// answered like one transaction that wants its result. The rates of addresses and identities are for clients: who hands
    /// on what others certified is paced where it is read.
    ///
    /// # Errors
    /// [`SubmitError::Interrupted`]; nothing of them is accepted then.
    pub async fn offer(&mut self, client_id: u64, operations: Vec<SignedOperation>) -> Result<(), SubmitError> {
        let bytes = operations.iter().map(|operation| operation.bytes().len()).sum();
        let number = operations.len().max(1);
        tokio::select! {
            biased;
            interrupted = self.ingest.lifecycle.interrupted() => return Err(interrupted.into()),
            admitted = self.take_room(number, bytes) => if admitted?.is_break() {
                return Ok(());
            },
        }
        self.deliver([Given::Operations { client_id, operations, bytes }], false);
        Ok(())
    }

    /// What is small is verified here and now where nothing else is on its way: a thread that wakes for it takes as long.
    fn deliver(&self, items: impl IntoIterator<Item = Given>, is_small: bool) {
        let has_turn = self.core.deliver(items);
        if !has_turn {
            return;
        }
        let verifying = if is_small { self.ingest.verifying.upgrade() } else { None };
        if !verifying.is_some_and(|verifying| verifying.serve_at_once(&self.core)) {
            self.core.schedule(&self.ingest.ready);
        }
    }

    /// Returns when the session is idle for so long that it is to end: nothing is owed, no transaction of it asked for
    /// `keep_alive`, and the front end has nothing else to do for it. Begin anew with everything that the client asks for.
    pub async fn idle(&self, is_busy: impl Fn() -> bool) {
        loop {
            sleep(Limits::seconds(self.ingest.limits.idle_seconds)).await;
            if !self.core.keep_alive.load(Ordering::Relaxed) && self.core.room.is_empty() && !is_busy() {
                return;
            }
        }
    }

    /// Waits until the client's address may submit so many transactions.
    async fn keep_pace(&self, transactions: usize) {
        for _ in 0..transactions {
            while let Some(delay) = self.ingest.addresses.delay(&self.core.origin.source) {
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// Waits for its turn and for room, and takes it; breaks off when the answers are not wanted any more.
    async fn admit(&self, transactions: usize, bytes: usize) -> Result<ControlFlow<Gone>, SubmitError> {
        // Who sends too fast waits here, and is not read from meanwhile.
        self.keep_pace(transactions).await;
        self.take_room(transactions, bytes).await
    }

    async fn take_room(&self, operations: usize, bytes: usize) -> Result<ControlFlow<Gone>, SubmitError> {
        let shared = u32::try_from(bytes).map_err(|_| FrameError::BatchBytes)?;
        if let Err(gone) = self.core.room.take(operations, bytes).await {
            return Ok(ControlFlow::Break(gone));
        }
        // The sequencer gives it back when it acknowledges.
        let permit = self.ingest.budget.acquire_many(shared).await.map_err(|_| Interrupted::Failed)?;
        permit.forget();
        Ok(ControlFlow::Continue(()))
    }
}

/// What the stages share of a session.
#[derive(Debug)]
pub(super) struct SessionCore {
    pub(super) origin: Origin,
    /// Whether those who certify are those who submit, and the rates of identities count.
    pub(super) is_client: bool,
    pub(super) room: Arc<Room>,
    acks: mpsc::UnboundedSender<AckGroup>,
    inbox: Mutex<Inbox>,
    /// Whether a transaction asked for it.
    keep_alive: AtomicBool,
    _place: OwnedSemaphorePermit,
}

/// What a session is given.
#[derive(Debug)]
pub(super) enum Given {
    /// A transaction as received, to be opened.
    Transaction(v1::Item),
    /// Operations of another node, which are well formed already.
    Operations {
        /// Comes back with what became of them.
        client_id: u64,
        operations: Vec<SignedOperation>,
        bytes: usize,
    },
}

#[derive(Debug, Default)]
struct Inbox {
    items: VecDeque<Given>,
    /// Whether it stands in the ready queue or is with a verifier.
    scheduled: bool,
    /// Operations that are still verified one at a time.
    singly: usize,
}

impl SessionCore {
    /// Puts items into the inbox; says whether the session must be scheduled for it.
    fn deliver(&self, items: impl IntoIterator<Item = Given>) -> bool {
        let mut inbox = self.inbox.lock();
        inbox.items.extend(items);
        !std::mem::replace(&mut inbox.scheduled, true)
    }

    /// Puts the session into the ready queue, where it stands at most once: there is a place for every session.
    pub(super) fn schedule(self: &Arc<Self>, ready: &Sender<Arc<Self>>) {
        if ready.try_send(Arc::clone(self)).is_err() {
            tracing::error!("the ready queue has no place for a session");
        }
    }

    /// What a verifier works on, and how many operations it is to verify singly.
    pub(super) fn take(&self) -> (VecDeque<Given>, usize) {
        let mut inbox = self.inbox.lock();
        (std::mem::take(&mut inbox.items), inbox.singly)
    }

    /// Returns what a verifier did not get to; says whether the session must be scheduled again.
    pub(super) fn give_back(&self, mut rest: VecDeque<Given>, verified: usize, batch_failed: bool) -> bool {
        let mut inbox = self.inbox.lock();
        rest.append(&mut inbox.items);
        inbox.items = rest;
        inbox.singly = if batch_failed { VERIFY_SINGLY_OPERATIONS } else { inbox.singly.saturating_sub(verified) };
        inbox.scheduled = !inbox.items.is_empty();
        inbox.scheduled
    }

    /// A transaction asks that the session be kept open while it is idle.
    pub(super) fn keep_alive(&self) {
        self.keep_alive.store(true, Ordering::Relaxed);
    }

    /// Sends answers. Where nobody takes them any more they are not missed.
    pub(super) fn answer(&self, group: AckGroup) {
        self.acks.send(group).ok();
    }
}
