//! What comes after a batch is written: it is synced, published and acknowledged, in the order of batches. The sequencer does
//! that itself where little waits for it; otherwise the settling thread does, while the sequencer judges the next batch.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use dmpc::{Hlc, OpId};
use dmpc_storage::{
    Ahead, Outcome, StoreError, Submission, Synced,
    stage::{self, Stage},
};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::Semaphore;

use super::{acks::AckGroup, outcome::conclude, tally, unit::Unit};
use crate::{
    config::SETTLING_BATCHES_MAX,
    feed::{Feed, Publisher},
    lifecycle::Lifecycle,
};

/// A batch that was written, and whom to tell.
pub(super) struct Written {
    pub(super) ahead: Ahead,
    pub(super) units: Vec<Unit>,
    /// The operations of all units, in their order.
    pub(super) submissions: Vec<Submission>,
    pub(super) begun: Instant,
    pub(super) extent: Extent,
}

/// How far the log goes after a batch.
pub(super) struct Extent {
    /// What clients are to stamp above.
    pub(super) latest: Hlc,
    /// How much of the log is shown; `None` while a re-judgement is not finished.
    pub(super) shown: Option<Shown>,
}

/// See [`Extent`].
pub(super) struct Shown {
    /// Operations in the log.
    pub(super) operations: u64,
    /// Those of them that this batch brought, and what it released.
    pub(super) arrived: u64,
    pub(super) now_ms: u64,
}

/// Settles batches, on whatever thread.
pub(super) struct Settler {
    pub(super) publisher: Publisher,
    pub(super) feed: Feed,
    pub(super) budget: Arc<Semaphore>,
    pub(super) lifecycle: Lifecycle,
}

impl Settler {
    fn settle(&self, written: Written) -> Result<(), StoreError> {
        let Written { ahead, units, submissions, begun, extent } = written;
        // Those who wait for the units must hear of a failure before these are dropped.
        let fail = |_: &StoreError| self.lifecycle.fail();
        let Synced { outcomes, took } = ahead.sync().inspect_err(fail)?;
        tally::committed(&outcomes, begun.elapsed());
        took.into_iter().for_each(tally::synced);
        if outcomes.len() != submissions.len() {
            let what = format!("{} outcomes for {} operations", outcomes.len(), submissions.len());
            return Err(StoreError::Damaged { family: "log", what }).inspect_err(fail);
        }
        stage::pass(Stage::Committed).inspect_err(fail)?;
        self.publish(&extent, &submissions, &outcomes);
        stage::pass(Stage::Published).inspect_err(fail)?;
        let mut judged = submissions.iter().map(|submission| submission.operation.id()).zip(outcomes);
        for unit in units {
            self.acknowledge(unit, &mut judged);
        }
        stage::pass(Stage::Acknowledged)
    }

    fn publish(&self, extent: &Extent, submissions: &[Submission], outcomes: &[Outcome]) {
        let Some(Shown { operations, arrived, now_ms }) = extent.shown else {
            // Readers do not see it yet; clients have to stamp above it all the same.
            return self.publisher.advance(extent.latest);
        };
        if outcomes.contains(&Outcome::Applied) {
            tally::digest_changed(now_ms);
        }
        let logged: Vec<_> = submissions
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| is_logged(outcome))
            .map(|(submission, _)| &submission.operation)
            .collect();
        if usize::try_from(arrived).is_ok_and(|arrived| arrived == logged.len()) {
            self.publisher.publish(extent.latest, operations, logged.into_iter());
        } else {
            // The commit logged what was kept aside, too; it does not say what that was.
            self.publisher.publish_all(extent.latest, operations);
        }
    }

    fn acknowledge(&self, unit: Unit, judged: &mut impl Iterator<Item = (OpId, Outcome)>) {
        let latest: Hlc = self.feed.latest();
        let mut group = AckGroup { acks: Vec::with_capacity(unit.tickets.len()), ..AckGroup::default() };
        for ticket in unit.tickets {
            group.operations += ticket.room;
            group.bytes += ticket.bytes;
            group.acks.push(conclude(ticket, judged, latest));
        }
        self.budget.add_permits(group.bytes);
        unit.session.answer(group);
    }
}

/// Whether an outcome says that the operation went to the log just now.
fn is_logged(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Applied | Outcome::Pending(_) | Outcome::Rejected(_) => true,
        Outcome::Waiting(_) | Outcome::Duplicate | Outcome::Refused(_) => false,
    }
}

/// The sequencer's end of settling.
pub(super) struct Settling {
    settler: Arc<Settler>,
    /// `None` when the thread is to end.
    queue: Option<Sender<Written>>,
    progress: Arc<Progress>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.queue = None;
        // Whoever waits for the sequencer's end has the store for himself then. What the thread met, its guard has told.
        self.thread.take().map(JoinHandle::join);
    }
}

/// How far the thread is.
#[derive(Default)]
struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Batches that it has and is not done with.
    batches: usize,
    failed: Option<StoreError>,
}

impl Settling {
    /// Starts the thread.
    pub(super) fn start(settler: Settler) -> io::Result<Self> {
        let (guard, settler) = (settler.lifecycle.guard(), Arc::new(settler));
        let progress = Arc::<Progress>::default();
        // `later` bounds it. One with a bound would keep what it has when its receiver is gone, and the writer would wait for it.
        let (queue, batches) = unbounded();
        let (alive, ended) = bounded(0);
        let parts = (Arc::clone(&settler), Arc::clone(&progress));
        let thread = thread::Builder::new().name("settling".to_owned()).spawn(move || {
            if run(&parts.0, &batches, &parts.1) {
                guard.disarm();
            }
            drop(alive);
        })?;
        Ok(Self { settler, queue: Some(queue), progress, ended, thread: Some(thread) })
    }

    /// Publishes, when everything is settled.
    pub(super) fn publisher(&self) -> Result<&Publisher, StoreError> {
        self.drain()?;
        Ok(&self.settler.publisher)
    }

    /// What is published.
    pub(super) fn feed(&self) -> &Feed {
        &self.settler.feed
    }

    /// Settles a batch before it returns.
    ///
    /// # Errors
    /// Those of this batch and of all before it: nobody is told anything any more then.
    pub(super) fn now(&self, written: Written) -> Result<(), StoreError> {
        self.drain()?;
        self.settler.settle(written)
    }

    /// Leaves a batch to the thread, when fewer than [`SETTLING_BATCHES_MAX`] wait for it.
    ///
    /// # Errors
    /// Those of all before it.
    pub(super) fn later(&self, written: Written) -> Result<(), StoreError> {
        self.progress.wait_for(SETTLING_BATCHES_MAX)?.batches += 1;
        match &self.queue {
            Some(queue) if queue.send(written).is_ok() => Ok(()),
            Some(_) | None => self.drain(),
        }
    }

    /// Waits until every batch is settled.
    ///
    /// # Errors
    /// The first that there was.
    pub(super) fn drain(&self) -> Result<(), StoreError> {
        self.progress.wait_for(0).map(drop)
    }

    /// Is closed when the thread ends.
    pub(super) fn ended(&self) -> &Receiver<()> {
        &self.ended
    }
}

/// Settles until nobody sends any more; `false` when that failed, and what was left is not settled.
fn run(settler: &Settler, batches: &Receiver<Written>, progress: &Progress) -> bool {
    // Should settling panic, nobody waits for its end.
    let _end = End(progress);
    for written in batches {
        let done = settler.settle(written);
        let has_failed = done.is_err();
        progress.settled(done);
        if has_failed {
            return false;
        }
    }
    true
}

impl Progress {
    /// Waits until the thread has so many batches at most, the one that it settles among them.
    fn wait_for(&self, batches: usize) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.state.lock();
        while state.batches > batches && state.failed.is_none() {
            self.changed.wait(&mut state);
        }
        match &state.failed {
            Some(error) => Err(error.clone()),
            None => Ok(state),
        }
    }

    fn settled(&self, done: Result<(), StoreError>) {
        let mut state = self.state.lock();
        state.batches -= 1;
        state.failed = done.err();
        self.changed.notify_all();
    }
}

/// When it is dropped, batches that are left will not be settled.
struct End<'a>(&'a Progress);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.failed.get_or_insert(StoreError::Poisoned);
        self.0.changed.notify_all();
    }
}
