//! A subscriber that believes the feed and nothing else, and that complains when the feed makes no sense.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{ChannelId, OpKey, VerifiedOperation, kinds::Kind};
use dmpc_storage::{
    projection::telling::{Event, Told},
    reader::{Change, FeedEvent},
};

/// The events of a node, and which of them may still go on.
#[derive(Default)]
pub(super) struct Feed {
    events: Vec<Event>,
    heard: usize,
    last: Option<usize>,
}

impl Feed {
    /// A batch tells something.
    pub(super) fn tell(&mut self, told: Told) {
        if let Some(continued) = told.continued {
            let last = self.last.expect("nothing was told that could go on");
            assert!(self.heard <= last, "what was heard does not change");
            let event = &mut self.events[last];
            assert_eq!((event.key, event.channel, event.change), (continued.key, continued.channel, continued.change));
            *event = continued;
        }
        if let Some((_, place)) = told.last {
            self.last = place.map(|place| self.events.len() + place).or(self.last);
        }
        self.events.extend(told.events);
    }

    /// What was told since the last time.
    pub(super) fn publish(&mut self) -> Vec<Event> {
        let news = self.events.split_off(self.heard);
        self.events.extend_from_slice(&news);
        self.heard = self.events.len();
        news
    }
}

#[derive(Default)]
pub(super) struct Subscriber {
    /// By arrival.
    operations: Vec<VerifiedOperation>,
    by_key: BTreeMap<OpKey, VerifiedOperation>,
    announced: BTreeSet<OpKey>,
    applied: BTreeSet<OpKey>,
    /// Ranges that were heard.
    pub(super) ranges: usize,
}

impl Subscriber {
    /// An operation arrives at the node.
    pub(super) fn learn(&mut self, operation: VerifiedOperation) {
        self.by_key.insert(operation.key(), operation.clone());
        self.operations.push(operation);
    }

    /// Whether an operation arrived.
    pub(super) fn knows(&self, operation: &VerifiedOperation) -> bool {
        self.by_key.contains_key(&operation.key())
    }

    pub(super) fn hear(&mut self, events: &[Event]) {
        for event in events {
            let operation = &self.operations[usize::try_from(event.arrival).unwrap()];
            assert_eq!(event.key, operation.key(), "an event of another operation");
            assert_eq!(event.channel, operation.channel(), "an event of another channel");
            if let Some(through) = event.through {
                let last = &self.operations[usize::try_from(through.arrival).unwrap()];
                assert_eq!(through.key, last.key(), "a range to another operation");
            }
            self.believe(event.key, event.change, event.through.map(|through| (through.key, through.count)));
        }
    }

    /// An event as readers see it.
    pub(super) fn read(&mut self, event: &FeedEvent) {
        self.believe(event.key, event.change, event.through);
    }

    fn believe(&mut self, key: OpKey, change: Change, through: Option<(OpKey, u64)>) {
        let operation = self.by_key.get(&key).expect("an event of an operation that never arrived");
        let kind = operation.kind();
        let concerned = match through {
            None => vec![key],
            Some((last, count)) => {
                self.ranges += 1;
                let concerned = self.told_messages(operation.channel().unwrap(), key, last);
                assert_eq!(u64::try_from(concerned.len()).unwrap(), count, "a range of another length");
                assert!(count >= 2 && concerned.first() == Some(&key) && concerned.last() == Some(&last));
                concerned
            }
        };
        for key in concerned {
            match change {
                Change::Retracted(verdict) => {
                    assert!(self.applied.remove(&key), "retracted, but it was not applied");
                    assert!(!verdict.is_applied(), "retracted without a reason");
                }
                Change::Restored => {
                    assert!(self.announced.contains(&key), "restored, but it was never announced");
                    assert!(self.applied.insert(key), "restored, but it was applied");
                }
                change => {
                    assert_eq!(change, announcement(kind));
                    assert!(self.announced.insert(key), "announced twice");
                    assert!(self.applied.insert(key), "announced, but it was applied");
                }
            }
        }
    }

    /// The messages of a channel from one to another that it was ever told of.
    fn told_messages(&self, channel: ChannelId, first: OpKey, last: OpKey) -> Vec<OpKey> {
        let messages = self.by_key.range(first..=last).filter(|(key, operation)| {
            operation.channel() == Some(channel)
                && operation.kind() == Kind::ChannelMessage
                && self.announced.contains(key)
        });
        messages.map(|(key, _)| *key).collect()
    }

    /// The operations that it takes for applied.
    pub(super) fn believes(&self) -> Vec<OpKey> {
        self.applied.iter().copied().collect()
    }
}

fn announcement(kind: Kind) -> Change {
    match kind {
        Kind::UserCreate | Kind::UserUpdate => Change::User,
        Kind::ChannelOpen => Change::Opened,
        Kind::ChannelMembers => Change::Members,
        Kind::ChannelEpoch => Change::Epoch,
        Kind::ChannelMessage => Change::Message,
        Kind::ChannelClose => Change::Closed,
    }
}
