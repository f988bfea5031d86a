//! What subscribers hear: one event for an operation, or one for a run of messages that lost or got back their effect
//! together.

use std::collections::BTreeMap;

use dmpc::{ChannelId, OpKey, VerifiedOperation, kinds::Kind};

use super::views::{Record, Views};
use crate::{reader::Change, verdict::Verdict};

/// Something that subscribers hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The channel; `None` for users.
    pub channel: Option<ChannelId>,
    /// The operation that it is about; of a range, the first.
    pub key: OpKey,
    /// The local sequence of that operation.
    pub arrival: u64,
    /// What happened.
    pub change: Change,
    /// Of a range: where it ends.
    pub through: Option<Through>,
}

/// The end of a range: all messages of the channel up to it that subscribers were ever told of are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Through {
    /// The last one.
    pub key: OpKey,
    /// Its local sequence.
    pub arrival: u64,
    /// How many there are, at least two.
    pub count: u64,
}

impl Event {
    fn last(&self) -> OpKey {
        self.through.map_or(self.key, |through| through.key)
    }

    /// The same, and one more after it.
    fn and(self, key: OpKey, arrival: u64) -> Self {
        let count = self.through.map_or(1, |through| through.count) + 1;
        Self { through: Some(Through { key, arrival, count }), ..self }
    }
}

/// Where the run of a channel is.
enum Run {
    /// The event that was told before this batch.
    Before,
    /// One of this batch.
    Told(usize),
}

/// The events of a batch in the making. Operations are told in the order of keys.
pub(super) struct Telling {
    before: Option<Event>,
    is_continued: bool,
    events: Vec<Event>,
    /// The last event of each channel, if it may go on.
    runs: BTreeMap<ChannelId, Run>,
}

impl Telling {
    /// After an event that may go on.
    pub(super) fn after(before: Option<Event>) -> Self {
        let channel = before.and_then(|event| event.channel);
        let runs = channel.map(|channel| (channel, Run::Before)).into_iter().collect();
        Self { before, is_continued: false, events: Vec::new(), runs }
    }

    /// Tells that an operation's verdict is new or another, where that is worth telling.
    pub(super) fn tell<V: Views>(
        &mut self,
        views: &V,
        operation: &VerifiedOperation,
        arrival: u64,
        old: Option<Record>,
        verdict: Verdict,
    ) -> Result<(), V::Error> {
        let Some(change) = change(operation, old, verdict) else { return Ok(()) };
        let (channel, key) = (operation.channel(), operation.key());
        let is_message = operation.kind() == Kind::ChannelMessage;
        let goes_on = is_message && matches!(change, Change::Retracted(_) | Change::Restored);
        let Some(channel) = channel.filter(|_| goes_on) else {
            channel.and_then(|channel| self.runs.remove(&channel));
            self.events.push(Event { channel, key, arrival, change, through: None });
            return Ok(());
        };
        let run = match self.runs.get(&channel) {
            Some(Run::Before) => self.before.as_mut(),
            Some(Run::Told(index)) => self.events.get_mut(*index),
            None => None,
        };
        if let Some(event) = run
            && event.change == change
            && event.last() < key
            && !views.is_told_between(&channel, &event.last(), &key)?
        {
            *event = event.and(key, arrival);
            self.is_continued |= matches!(self.runs.get(&channel), Some(Run::Before));
        } else {
            self.runs.insert(channel, Run::Told(self.events.len()));
            self.events.push(Event { channel: Some(channel), key, arrival, change, through: None });
        }
        Ok(())
    }

    /// What was told.
    pub(super) fn finish(self) -> Told {
        let run_of = |event: &Event| event.channel.and_then(|channel| self.runs.get(&channel));
        let index = self.events.len().saturating_sub(1);
        let told = self.events.last().filter(|event| matches!(run_of(event), Some(Run::Told(at)) if *at == index));
        // Events of other channels are none of its business.
        let before = self.before.filter(|event| matches!(run_of(event), Some(Run::Before)));
        let last = told.map(|event| (*event, Some(index))).or(before.map(|event| (event, None)));
        Told { continued: self.before.filter(|_| self.is_continued), events: self.events, last }
    }
}

/// What a batch tells.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The event that was told before, when it goes on: it takes the place of that one.
    pub continued: Option<Event>,
    /// In the order of keys.
    pub events: Vec<Event>,
    /// An event that may go on in the next batch, and its place in `events`; without one, it is the event before.
    pub last: Option<(Event, Option<usize>)>,
}

/// What subscribers hear when an operation's verdict is new or another.
fn change(operation: &VerifiedOperation, old: Option<Record>, verdict: Verdict) -> Option<Change> {
    let was_applied = old.is_some_and(|record| record.verdict.is_applied());
    let announced = old.is_some_and(|record| record.announced);
    match (was_applied, verdict.is_applied()) {
        (true, false) => Some(Change::Retracted(verdict)),
        (false, true) if announced => Some(Change::Restored),
        (false, true) => Some(match operation.kind() {
            Kind::UserCreate | Kind::UserUpdate => Change::User,
            Kind::ChannelOpen => Change::Opened,
            Kind::ChannelMembers => Change::Members,
            Kind::ChannelEpoch => Change::Epoch,
            Kind::ChannelMessage => Change::Message,
            Kind::ChannelClose => Change::Closed,
        }),
        (false, false) | (true, true) => None,
    }
}
