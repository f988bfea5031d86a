//! The sequencer thread, the only writer: takes what is queued, commits it at once, publishes, acknowledges. What
//! arrives during a commit is the next batch; nothing waits for company.

use std::{sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use dmpc::{Hlc, OpId, v1};
use dmpc_storage::{Outcome, Reader, StoreError, Submission, Writer};
use tokio::sync::Semaphore;

use super::{
    acks::AckGroup,
    outcome::{announce, conclude},
    tally,
    unit::Unit,
};
use crate::{
    clock::Clock,
    config::{COMMIT_OPERATIONS_MAX, RELEASE_INTERVAL},
    feed::{self, Feed, Publisher},
};

/// See the module.
pub(super) struct Sequencer {
    writer: Writer,
    reader: Reader,
    units: Receiver<Unit>,
    publisher: Publisher,
    feed: Feed,
    clock: Clock,
    budget: Arc<Semaphore>,
    /// Operations in the log, as far as they were published.
    arrivals: u64,
    /// The state digest that was published last.
    state_digest: [u8; 32],
    /// A unit that did not fit the last batch.
    carried: Option<Unit>,
    released: Instant,
}

impl Sequencer {
    pub(super) fn new(
        store: (Writer, Reader),
        units: Receiver<Unit>,
        clock: Clock,
        budget: Arc<Semaphore>,
    ) -> Result<(Self, Feed), StoreError> {
        let (writer, reader) = store;
        let info = reader.info()?;
        let (publisher, feed) = feed::feed(info.latest);
        let sequencer = Self {
            writer,
            reader,
            units,
            publisher,
            feed: feed.clone(),
            clock,
            budget,
            arrivals: info.operations,
            state_digest: info.state_digest,
            carried: None,
            released: Instant::now(),
        };
        Ok((sequencer, feed))
    }

    /// Works until the verifiers are gone and the queue is empty, then closes the store. The first error of the store
    /// ends it at once: what was not acknowledged by then has an unknown fate.
    pub(super) fn run(mut self) -> Result<(), StoreError> {
        loop {
            match self.next_batch() {
                Ok(batch) => self.process(batch)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.writer.close(),
            }
            self.release_due()?;
        }
    }

    /// Everything that is queued, up to [`COMMIT_OPERATIONS_MAX`] operations; waits for the first.
    fn next_batch(&mut self) -> Result<Vec<Unit>, RecvTimeoutError> {
        let first = match self.carried.take() {
            Some(unit) => unit,
            None => self.units.recv_timeout(RELEASE_INTERVAL)?,
        };
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
        Ok(batch)
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
        tally::queued(self.units.len(), &batch);
        let begun = Instant::now();
        let outcomes =
            if submissions.is_empty() { Vec::new() } else { self.writer.commit(&submissions, self.clock.now_ms())? };
        tally::committed(&outcomes, begun.elapsed());
        if outcomes.len() != submissions.len() {
            let what = format!("{} outcomes for {} operations", outcomes.len(), submissions.len());
            return Err(StoreError::Damaged { family: "log", what });
        }
        self.publish(&submissions, &outcomes)?;
        let mut judged = submissions.iter().map(|submission| submission.operation.id()).zip(outcomes);
        for unit in batch {
            self.acknowledge(unit, &mut judged);
        }
        Ok(())
    }

    fn publish(&mut self, submissions: &[Submission], outcomes: &[Outcome]) -> Result<(), StoreError> {
        let info = self.reader.info()?;
        let arrived = info.operations - self.arrivals;
        self.arrivals = info.operations;
        tally::logged(info.operations);
        if self.state_digest != info.state_digest {
            self.state_digest = info.state_digest;
            tally::digest_changed(self.clock.now_ms());
        }
        let logged: Vec<_> = submissions
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| is_logged(outcome))
            .map(|(submission, _)| &submission.operation)
            .collect();
        if usize::try_from(arrived).is_ok_and(|arrived| arrived == logged.len()) {
            self.publisher.publish(info.latest, logged.into_iter());
        } else {
            // The commit logged what was kept aside, too; it does not say what that was.
            self.publisher.publish_all(info.latest);
        }
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
        if self.writer.release_due(self.clock.now_ms())? > 0 {
            let info = self.reader.info()?;
            self.arrivals = info.operations;
            self.publisher.publish_all(info.latest);
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
