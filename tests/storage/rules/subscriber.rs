//! A subscriber that believes the feed and nothing else, and that complains when the feed makes no sense.

use std::collections::BTreeSet;

use dmpc::{OpKey, VerifiedOperation, kinds::Kind};
use dmpc_storage::{projection::engine::Event, reader::Change};

#[derive(Default)]
pub(super) struct Subscriber {
    /// By arrival.
    operations: Vec<VerifiedOperation>,
    announced: BTreeSet<OpKey>,
    applied: BTreeSet<OpKey>,
}

impl Subscriber {
    /// An operation arrives at the node.
    pub(super) fn learn(&mut self, operation: VerifiedOperation) {
        self.operations.push(operation);
    }

    pub(super) fn hear(&mut self, events: &[Event]) {
        for event in events {
            let operation = &self.operations[usize::try_from(event.arrival).unwrap()];
            let key = operation.key();
            assert_eq!(event.channel, operation.channel(), "an event of another channel");
            match event.change {
                Change::Retracted(verdict) => {
                    assert!(self.applied.remove(&key), "retracted, but it was not applied");
                    assert!(!verdict.is_applied(), "retracted without a reason");
                }
                Change::Restored => {
                    assert!(self.announced.contains(&key), "restored, but it was never announced");
                    assert!(self.applied.insert(key), "restored, but it was applied");
                }
                change => {
                    assert_eq!(change, announcement(operation.kind()));
                    assert!(self.announced.insert(key), "announced twice");
                    assert!(self.applied.insert(key), "announced, but it was applied");
                }
            }
        }
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
