//! What the sequencer publishes after each commit: the latest timestamp, and which channels may have news. Subscribers
//! wait for their channel and then read on by themselves, so a slow one holds nothing but its cursor.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dmpc::{ChannelId, Hlc, VerifiedOperation, kinds::Kind};
use parking_lot::Mutex;
use tokio::sync::watch;

#[derive(Debug)]
struct Shared {
    latest: AtomicU64,
    /// One for each channel that somebody watches; there are at most as many as subscriptions.
    watched: Mutex<HashMap<ChannelId, watch::Sender<()>>>,
    /// Says that the log grew, wherever.
    grew: watch::Sender<()>,
    /// Operations in the log.
    arrivals: AtomicU64,
    /// Counts what may change who may read.
    changes: AtomicU64,
}

/// How much of the log is published. Whoever sees so many arrivals sees the changes among them counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Operations in the log.
    pub arrivals: u64,
    /// Counts what may change who may read: everything but messages.
    pub changes: u64,
}

/// Publishes; the sequencer has the only one.
#[derive(Debug)]
pub struct Publisher(Arc<Shared>);

/// Sees what is published; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Shared>);

/// A feed that starts at `latest`, with so many operations in the log.
pub fn feed(latest: Hlc, arrivals: u64) -> (Publisher, Feed) {
    let shared = Arc::new(Shared {
        latest: AtomicU64::new(latest.bits()),
        watched: Mutex::default(),
        grew: watch::Sender::new(()),
        arrivals: AtomicU64::new(arrivals),
        changes: AtomicU64::new(0),
    });
    (Publisher(Arc::clone(&shared)), Feed(shared))
}

impl Publisher {
    /// Says that these operations, and no others, went to the log just now, which has so many `arrivals` by now. One of a
    /// channel concerns that channel alone; one that changes a user may change verdicts, and rights to read, anywhere.
    pub fn publish<'a>(&self, latest: Hlc, arrivals: u64, logged: impl Iterator<Item = &'a VerifiedOperation> + Clone) {
        self.advance(latest);
        self.grow(arrivals, logged.clone().any(|operation| operation.kind() != Kind::ChannelMessage));
        let watched = self.0.watched.lock();
        if watched.is_empty() {
            return;
        }
        let mut channels = HashSet::new();
        let mut concerns_all = false;
        for operation in logged {
            match operation.channel() {
                Some(channel) => {
                    channels.insert(channel);
                }
                None => concerns_all = true,
            }
        }
        for (channel, sender) in watched.iter() {
            if concerns_all || channels.contains(channel) {
                sender.send_replace(());
            }
        }
    }

    /// Says that the log changed somewhere, up to `latest`, and has so many `arrivals` by now.
    pub fn publish_all(&self, latest: Hlc, arrivals: u64) {
        self.advance(latest);
        self.grow(arrivals, true);
        for sender in self.0.watched.lock().values() {
            sender.send_replace(());
        }
    }

    /// The changes come first: see [`Published`].
    fn grow(&self, arrivals: u64, may_change_rights: bool) {
        if may_change_rights {
            self.0.changes.fetch_add(1, Ordering::AcqRel);
        }
        self.0.arrivals.store(arrivals, Ordering::Release);
        self.0.grew.send_replace(());
    }

    /// Says what the latest timestamp is, and nothing else. It goes back where the clock does.
    pub fn advance(&self, latest: Hlc) {
        self.0.latest.store(latest.bits(), Ordering::Release);
    }
}

impl Feed {
    /// The latest timestamp in the log; clients stamp above it.
    pub fn latest(&self) -> Hlc {
        Hlc::from_bits(self.0.latest.load(Ordering::Acquire))
    }

    /// Says when the log grew, wherever.
    pub fn grew(&self) -> watch::Receiver<()> {
        self.0.grew.subscribe()
    }

    /// Watches a channel, known or not.
    pub fn watch(&self, channel: ChannelId) -> Watch {
        let mut watched = self.0.watched.lock();
        let receiver = watched.entry(channel).or_insert_with(|| watch::Sender::new(())).subscribe();
        Watch { shared: Arc::clone(&self.0), channel, receiver }
    }
}

/// Waits for news of one channel.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    channel: ChannelId,
    receiver: watch::Receiver<()>,
}

impl Watch {
    /// How much of the log is published.
    pub fn published(&self) -> Published {
        // In this order: see there.
        let arrivals = self.shared.arrivals.load(Ordering::Acquire);
        Published { arrivals, changes: self.shared.changes.load(Ordering::Acquire) }
    }

    /// Whether there is news of the channel that is not taken for seen.
    pub fn has_changed(&self) -> bool {
        // The sender stays for as long as somebody watches.
        self.receiver.has_changed().unwrap_or(true)
    }

    /// Takes what was published so far for seen: [`Watch::changed`] waits for what comes after this call.
    pub fn mark_seen(&mut self) {
        self.receiver.mark_unchanged();
    }

    /// Waits for news. May be dropped while it waits.
    pub async fn changed(&mut self) {
        // The sender stays for as long as somebody watches.
        self.receiver.changed().await.ok();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.shared.watched.lock();
        let is_last = watched.get(&self.channel).is_some_and(|sender| sender.receiver_count() == 1);
        if is_last {
            watched.remove(&self.channel);
        }
    }
}
