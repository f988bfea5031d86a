//! The sequencer thread, the only writer: takes what is queued, judges and writes it at once. What arrives meanwhile is the next
//! batch; nothing waits for company. Where much is queued already, it is judged while the batch before it is synced, published
//! and acknowledged by another thread ([`settling`](super::settling)); where little is, that comes first, so that few who wait
//! for one another's acknowledgements share a sync. While a large re-judgement is not finished, its steps take turns with commits.

use std::{sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, TryRecvError, select};
use dmpc::{Hlc, v1};
use dmpc_storage::{Rejudging, StoreError, Submission, Writer};
use tokio::sync::Semaphore;

use super::{
    IngestError,
    outcome::announce,
    settling::{Extent, Settler, Settling, Shown, Written},
    tally,
    unit::Unit,
};
use crate::{
    config::{AHEAD_OPERATIONS_MIN, COMMIT_OPERATIONS_MAX, PROGRESS_INTERVAL, RELEASE_INTERVAL},
    feed::{self, Feed},
    horizon::Horizon,
    lifecycle::Lifecycle,
    metrics,
};

/// See the module.
pub(super) struct Sequencer {
    /// Before the writer, which has the lock of the store: it ends before that is given back.
    settling: Settling,
    writer: Writer,
    units: Receiver<Unit>,
    lifecycle: Lifecycle,
    horizon: Arc<Horizon>,
    /// Whether the log ends far ahead of the clock, as it was last logged.
    is_ahead: bool,
    /// Operations in the log, as far as they are shown or about to be.
    arrivals: u64,
    /// When a re-judgement that is not finished was last logged.
    reported: Option<Instant>,
    gathered: Gathered,
    released: Instant,
}

/// The next batch.
#[derive(Default)]
struct Gathered {
    units: Vec<Unit>,
    operations: usize,
    /// A unit that did not fit it.
    carried: Option<Unit>,
}

impl Gathered {
    /// Adds a unit, or carries it to the next batch. Not while one is carried.
    fn add(&mut self, unit: Unit) {
        if !self.units.is_empty() && self.operations + unit.submissions.len() > COMMIT_OPERATIONS_MAX {
            self.carried = Some(unit);
        } else {
            self.operations += unit.submissions.len();
            self.units.push(unit);
        }
    }

    fn has_room(&self) -> bool {
        self.carried.is_none() && self.operations < COMMIT_OPERATIONS_MAX
    }

    /// The batch; what was carried begins the next one.
    fn take(&mut self) -> Vec<Unit> {
        let units = std::mem::take(&mut self.units);
        self.operations = 0;
        if let Some(unit) = self.carried.take() {
            self.add(unit);
        }
        units
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A batch is gathered.
    Batch,
    /// Nothing for now.
    Nothing,
    /// Nobody will hand over anything any more.
    End,
}

impl Sequencer {
    /// Starts the thread that settles.
    pub(super) fn new(
        mut writer: Writer,
        units: Receiver<Unit>,
        horizon: Arc<Horizon>,
        budget: Arc<Semaphore>,
        lifecycle: Lifecycle,
    ) -> Result<(Self, Feed), IngestError> {
        tally::written(&mut writer);
        tally::digest_changed(writer.latest().millis());
        let (publisher, feed) = feed::feed(writer.latest_by(horizon.look().0)?, writer.operations());
        let settling =
            Settling::start(Settler { publisher, feed: feed.clone(), budget, lifecycle: lifecycle.clone() })?;
        let mut sequencer = Self {
            arrivals: writer.operations(),
            writer,
            units,
            settling,
            lifecycle,
            horizon,
            is_ahead: false,
            reported: None,
            gathered: Gathered::default(),
            released: Instant::now(),
        };
        sequencer.watch_clock(sequencer.now_ms());
        Ok((sequencer, feed))
    }

    fn now_ms(&self) -> u64 {
        self.horizon.look().0
    }

    /// What clients are to stamp above.
    fn latest(&self) -> Result<Hlc, StoreError> {
        self.writer.latest_by(self.now_ms())
    }

    /// Says where the log ends far ahead of the clock: then the clock is behind, or it was ahead when that was logged.
    fn watch_clock(&mut self, now_ms: u64) {
        let ahead_ms = self.writer.ahead_ms(now_ms);
        tally::ahead(ahead_ms);
        self.horizon.set_log_ahead(ahead_ms);
        let is_ahead = ahead_ms > 0;
        if is_ahead && !self.is_ahead {
            tracing::warn!(
                seconds = ahead_ms / 1_000,
                "the log ends ahead of the clock: the clock is behind, or it was ahead when that was logged; \
                 what is stamped ahead of the clock is kept aside until it is there"
            );
        }
        if !is_ahead && self.is_ahead {
            tracing::info!("the log does not end ahead of the clock any more");
        }
        self.is_ahead = is_ahead;
    }

    /// Works until the verifiers are gone and the queue is empty, then closes the store. The first error of the store
    /// ends it at once: what was not acknowledged by then has an unknown fate.
    pub(super) fn run(mut self) -> Result<(), StoreError> {
        match self.work() {
            // What is still to be judged again is stored, and goes on with the next start.
            Ok(()) => self.writer.close(),
            Err(error) => {
                // Those who wait for what is gathered must hear of it before that is dropped.
                self.lifecycle.fail();
                // What settling met came first: the writer knows no more of it than that something did.
                Err(self.settling.drain().err().unwrap_or(error))
            }
        }
    }

    fn work(&mut self) -> Result<(), StoreError> {
        loop {
            let next = match self.writer.rejudging() {
                None => self.wait(),
                Some(_) => self.rejudge()?,
            };
            match next {
                Next::Batch => self.process()?,
                // Its failure is not to wait for something to do.
                Next::Nothing => self.settling.drain()?,
                Next::End => return self.settling.drain(),
            }
            self.release_due()?;
        }
    }

    /// Adds what is queued to the next batch, up to [`COMMIT_OPERATIONS_MAX`] operations.
    fn gather(&mut self) -> Next {
        let mut is_end = false;
        while self.gathered.has_room() && !is_end {
            match self.units.try_recv() {
                Ok(unit) => self.gathered.add(unit),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => is_end = true,
            }
        }
        match (self.gathered.units.is_empty(), is_end) {
            (false, _) => Next::Batch,
            (true, true) => Next::End,
            (true, false) => Next::Nothing,
        }
    }

    /// Waits until something is queued, and gathers all that is.
    fn wait(&mut self) -> Next {
        let next = self.gather();
        if next != Next::Nothing {
            return next;
        }
        select! {
            recv(self.units) -> unit => match unit {
                Ok(unit) => {
                    self.gathered.add(unit);
                    self.gather()
                }
                Err(_) => Next::End,
            },
            recv(self.settling.ended()) -> _ => Next::Nothing,
            default(RELEASE_INTERVAL) => Next::Nothing,
        }
    }

    /// Does a step of the re-judgement, then gathers what is queued. When a commit has made the re-judgement
    /// longer, everything else waits for its end.
    fn rejudge(&mut self) -> Result<Next, StoreError> {
        let progress = self.writer.step()?.unwrap_or_default();
        tally::written(&mut self.writer);
        let is_finished = self.writer.rejudging().is_none();
        if is_finished || self.reported.is_none_or(|reported| reported.elapsed() >= PROGRESS_INTERVAL) {
            let Rejudging { operations, steps, extended } = progress;
            tracing::info!(operations, steps, extended, is_finished, "judging operations again");
            self.reported = (!is_finished).then(Instant::now);
        }
        if is_finished {
            tally::digest_changed(self.now_ms());
            self.publish_all()?;
        }
        Ok(match self.gather() {
            Next::Batch if !is_finished && progress.extended => Next::Nothing,
            next => next,
        })
    }

    /// Commits the batch that is gathered.
    fn process(&mut self) -> Result<(), StoreError> {
        let mut units = self.gathered.take();
        let mut submissions: Vec<Submission> = Vec::new();
        for unit in &mut units {
            announce(&unit.session, &unit.tickets, v1::TicketState::Running, self.settling.feed().latest());
            if submissions.is_empty() {
                submissions = std::mem::take(&mut unit.submissions);
            } else {
                submissions.append(&mut unit.submissions);
            }
        }
        tally::queued(metrics::COMMIT_QUEUE, self.units.len() + units.len());
        let begun = Instant::now();
        let committed = self.writer.commit_ahead(&submissions, self.now_ms());
        let committed = committed.and_then(|ahead| Ok((ahead, self.extent()?)));
        // Those who wait for the units must hear of a failure before these are dropped.
        let (ahead, extent) = committed.inspect_err(|_| self.lifecycle.fail())?;
        tally::written(&mut self.writer);
        let written = Written { ahead, units, submissions, begun, extent };
        self.gather();
        if self.gathered.operations >= AHEAD_OPERATIONS_MIN {
            self.settling.later(written)?;
        } else {
            self.settling.now(written)?;
        }
        tally::queued(metrics::COMMIT_QUEUE, self.units.len() + self.gathered.units.len());
        Ok(())
    }

    /// How far the log goes now.
    fn extent(&mut self) -> Result<Extent, StoreError> {
        let latest = self.latest()?;
        if self.writer.rejudging().is_some() {
            return Ok(Extent { latest, shown: None });
        }
        let operations = self.writer.operations();
        let arrived = operations - self.arrivals;
        self.arrivals = operations;
        Ok(Extent { latest, shown: Some(Shown { operations, arrived, now_ms: self.now_ms() }) })
    }

    fn publish_all(&mut self) -> Result<(), StoreError> {
        self.arrivals = self.writer.operations();
        self.settling.publisher()?.publish_all(self.latest()?, self.arrivals);
        Ok(())
    }

    /// About once a second: logs what was kept aside and is due by now.
    fn release_due(&mut self) -> Result<(), StoreError> {
        if self.released.elapsed() < RELEASE_INTERVAL {
            return Ok(());
        }
        self.released = Instant::now();
        let now_ms = self.now_ms();
        self.watch_clock(now_ms);
        // Where the clock was set, others are to stamp above another one.
        self.settling.publisher()?.advance(self.latest()?);
        if self.writer.rejudging().is_some_and(|rejudging| rejudging.extended) {
            return Ok(());
        }
        let released = self.writer.release_due(now_ms)?;
        tally::written(&mut self.writer);
        if released > 0 && self.writer.rejudging().is_none() {
            tally::digest_changed(now_ms);
            self.publish_all()?;
        }
        Ok(())
    }
}
