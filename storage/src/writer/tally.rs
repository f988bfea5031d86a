//! What the writer did, for whoever counts it: how long the disk took, and which verdicts changed.

use std::time::Duration;

use super::Writer;
use crate::{projection::telling::Event, reader::Change};

/// Times of writes that are kept until somebody takes them; further ones are not.
const WRITES_MAX: usize = 1_024;

/// What the writer did since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How long each write took, its fsync included; at most 1,024 of them. Of what is synced ahead of the next batch,
    /// [`Synced`](super::Synced) says it.
    pub writes: Vec<Duration>,
    /// Operations that were applied and are no longer.
    pub retracted: u64,
    /// Operations that were retracted and are applied again.
    pub restored: u64,
}

impl Tally {
    /// Notes a write.
    pub(super) fn wrote(&mut self, took: Duration) {
        if self.writes.len() < WRITES_MAX {
            self.writes.push(took);
        }
    }

    /// Notes what subscribers will hear: an event, as far as it says more than it said `before`.
    pub(super) fn told(&mut self, event: &Event, before: Option<&Event>) {
        let more = count(event) - before.map_or(0, count).min(count(event));
        match event.change {
            Change::Retracted(_) => self.retracted += more,
            Change::Restored => self.restored += more,
            Change::Message | Change::Opened | Change::Closed | Change::Members | Change::Epoch | Change::User => {}
        }
    }
}

fn count(event: &Event) -> u64 {
    event.through.map_or(1, |through| through.count)
}

impl Writer {
    /// What was done since this was last called.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// What is kept aside: operations, and their bytes.
    pub fn waiting(&self) -> (usize, usize) {
        self.waiting.size()
    }
}
