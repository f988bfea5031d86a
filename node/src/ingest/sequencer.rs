//! The sequencer thread, the only writer: takes what is queued, commits it at once, publishes, acknowledges. What
//! arrives during a commit is the next batch; nothing waits for company. While a large re-judgement is not finished, its
//! steps take turns with commits.

use std::{sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use dmpc::{Hlc, OpId, v1};
use dmpc_storage::{
    Outcome, Rejudging, StoreError, Submission, Writer,
    stage::{self, Stage},
};
use tokio::sync::Semaphore;

use super::{
    acks::AckGroup,
    outcome::{announce, conclude},
    tally,
    unit::Unit,
};
use crate::{
    config::{COMMIT_OPERATIONS_MAX, PROGRESS_INTERVAL, RELEASE_INTERVAL},
    feed::{self, Feed, Publisher},
    horizon::Horizon,
    metrics,
};

/// See the module.
pub(super) struct Sequencer {
    writer: Writer,
    units: Receiver<Unit>,
    publisher: Publisher,
    feed: Feed,
    horizon: Arc<Horizon>,
    /// Whether the log ends far ahead of the clock, as it was last logged.
    is_ahead: bool,
    budget: Arc<Semaphore>,
    /// Operations in the log, as far as they were published.
    arrivals: u64,
    /// When a re-judgement that is not finished was last logged.
    reported: Option<Instant>,
    /// A unit that did not fit the last batch.
    carried: Option<Unit>,
    released: Instant,
}

impl Sequencer {
    pub(super) fn new(
        mut writer: Writer,
        units: Receiver<Unit>,
        horizon: Arc<Horizon>,
        budget: Arc<Semaphore>,
    ) -> Result<(Self, Feed), StoreError> {
        tally::written(&mut writer);
        tally::digest_changed(writer.latest().millis());
        let (publisher, feed) = feed::feed(writer.latest_by(horizon.look().0)?, writer.operations());
        let mut sequencer = Self {
            arrivals: writer.operations(),
            writer,
            units,
            publisher,
            feed: feed.clone(),
            horizon,
            is_ahead: false,
            budget,
            reported: None,
            carried: None,
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
        loop {
            let first = match self.writer.rejudging() {
                None => self.wait_for_first(),
                Some(_) => self.rejudge()?,
            };
            match first {
                Ok(first) => {
                    let batch = self.batch_with(first);
                    self.process(batch)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // What is still to be judged again is stored, and goes on with the next start.
                Err(RecvTimeoutError::Disconnected) => return self.writer.close(),
            }
            self.release_due()?;
        }
    }

    fn wait_for_first(&mut self) -> Result<Unit, RecvTimeoutError> {
        match self.carried.take() {
            Some(unit) => Ok(unit),
            None => self.units.recv_timeout(RELEASE_INTERVAL),
        }
    }

    /// Does a step of the re-judgement, then takes a unit if one is there. When a commit has made the re-judgement
    /// longer, everything else waits for its end.
    fn rejudge(&mut self) -> Result<Result<Unit, RecvTimeoutError>, StoreError> {
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
        let unit = self.carried.take().map_or_else(|| self.units.try_recv(), Ok);
        Ok(match unit {
            Ok(unit) if !is_finished && progress.extended => {
                self.carried = Some(unit);
                Err(RecvTimeoutError::Timeout)
            }
            Ok(unit) => Ok(unit),
            Err(TryRecvError::Empty) => Err(RecvTimeoutError::Timeout),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        })
    }

    /// A unit and everything that is queued, up to [`COMMIT_OPERATIONS_MAX`] operations.
    fn batch_with(&mut self, first: Unit) -> Vec<Unit> {
        let mut operations = first.submissions.len();
        let mut batch = vec![first];
        while operations < COMMIT_OPERATIONS_MAX {
            let Ok(unit) = self.units.try_recv() else { break };
            operations += unit.submissions.len();
            if operations > COMMIT_OPERATIONS_MAX {
                self.carried = Some(unit);
                break;
            }
            batch.push(unit);
        }
        batch
    }

    fn process(&mut self, mut batch: Vec<Unit>) -> Result<(), StoreError> {
        let mut submissions: Vec<Submission> = Vec::new();
        for unit in &mut batch {
            announce(&unit.session, &unit.tickets, v1::TicketState::Running, self.feed.latest());
            if submissions.is_empty() {
                submissions = std::mem::take(&mut unit.submissions);
            } else {
                submissions.append(&mut unit.submissions);
            }
        }
        tally::queued(metrics::COMMIT_QUEUE, self.units.len() + batch.len());
        let begun = Instant::now();
        let outcomes =
            if submissions.is_empty() { Vec::new() } else { self.writer.commit(&submissions, self.now_ms())? };
        tally::committed(&outcomes, begun.elapsed());
        tally::written(&mut self.writer);
        if outcomes.len() != submissions.len() {
            let what = format!("{} outcomes for {} operations", outcomes.len(), submissions.len());
            return Err(StoreError::Damaged { family: "log", what });
        }
        stage::pass(Stage::Committed)?;
        self.publish(&submissions, &outcomes)?;
        stage::pass(Stage::Published)?;
        let mut judged = submissions.iter().map(|submission| submission.operation.id()).zip(outcomes);
        for unit in batch {
            self.acknowledge(unit, &mut judged);
        }
        stage::pass(Stage::Acknowledged)?;
        tally::queued(metrics::COMMIT_QUEUE, self.units.len());
        Ok(())
    }

    fn publish(&mut self, submissions: &[Submission], outcomes: &[Outcome]) -> Result<(), StoreError> {
        let latest = self.latest()?;
        if self.writer.rejudging().is_some() {
            // Readers do not see it yet; clients have to stamp above it all the same.
            self.publisher.advance(latest);
            return Ok(());
        }
        if outcomes.contains(&Outcome::Applied) {
            tally::digest_changed(self.now_ms());
        }
        let operations = self.writer.operations();
        let arrived = operations - self.arrivals;
        self.arrivals = operations;
        let logged: Vec<_> = submissions
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| is_logged(outcome))
            .map(|(submission, _)| &submission.operation)
            .collect();
        if usize::try_from(arrived).is_ok_and(|arrived| arrived == logged.len()) {
            self.publisher.publish(latest, operations, logged.into_iter());
        } else {
            // The commit logged what was kept aside, too; it does not say what that was.
            self.publisher.publish_all(latest, operations);
        }
        Ok(())
    }

    fn publish_all(&mut self) -> Result<(), StoreError> {
        self.arrivals = self.writer.operations();
        self.publisher.publish_all(self.latest()?, self.arrivals);
        Ok(())
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

    /// About once a second: logs what was kept aside and is due by now.
    fn release_due(&mut self) -> Result<(), StoreError> {
        if self.released.elapsed() < RELEASE_INTERVAL {
            return Ok(());
        }
        self.released = Instant::now();
        let now_ms = self.now_ms();
        self.watch_clock(now_ms);
        // Where the clock was set, others are to stamp above another one.
        self.publisher.advance(self.latest()?);
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

/// Whether an outcome says that the operation went to the log just now.
fn is_logged(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Applied | Outcome::Pending(_) | Outcome::Rejected(_) => true,
        Outcome::Waiting(_) | Outcome::Duplicate | Outcome::Refused(_) => false,
    }
}
