//! Sums of channels in memory: built at first use, then followed from batch to batch. Readers find the sums of the version
//! that their snapshot names, so a position and the page around it are of one moment.
//!
//! The writer publishes the sums of a batch before it writes the batch. Who looks until it is synced finds the version
//! before; who looks afterwards, the new one. A reader whose snapshot is older, as all are while a large re-judgement goes
//! on, builds sums from it, once for all who have the same one.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dmpc::OpKey;

use super::sums::{NODE_BYTES, Sums};
use crate::families::{ChannelNo, ranks::Bucket};

/// Channels whose sums are kept in memory; over it, those used least recently are dropped.
pub(crate) const CHANNELS_MAX: usize = 4_096;
/// Bytes of all sums in memory, counted as if versions shared nothing; over it, those used least recently are dropped.
/// Sums of a channel that would fill it alone are built for each use.
pub(crate) const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Versions kept of a channel: the one that is being written, and those that were the latest before.
const VERSIONS_MAX: usize = 3;
/// With the older one that a reader built.
const KEPT_MAX: usize = VERSIONS_MAX + 1;
/// Batches remembered for a channel while its sums are being built; over it, they are built again.
const JOURNAL_MAX: usize = 256;

/// What a batch changes in the buckets of a channel.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    /// The channel.
    pub(super) channel: ChannelNo,
    /// The version that it changes, and the one that it makes.
    pub(super) versions: (u64, u64),
    /// Buckets that are new or others.
    pub(super) buckets: Vec<(OpKey, Bucket)>,
}

/// What the cache has of a version.
pub(super) enum Found {
    /// The sums.
    Kept(Sums),
    /// Nothing; who asked builds them, and gives them to [`RankCache::keep`].
    Wanted,
    /// Nothing, and the latest is another; who asked builds them, and gives them to [`RankCache::keep_older`].
    Older,
    /// Nothing, and nothing is kept of so many buckets; who asked builds them for itself.
    Own,
}

/// Sums of channels.
#[derive(Debug, Default)]
pub(crate) struct RankCache(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    slots: HashMap<ChannelNo, Slot>,
    /// Sum of what the slots hold, in bytes.
    bytes: usize,
    /// Counts uses.
    uses: u64,
    /// What was published last: those who read meanwhile are a version behind it.
    last: Vec<Update>,
}

#[derive(Debug)]
struct Slot {
    /// The latest is the last; none while they are being built.
    versions: VecDeque<(u64, Sums)>,
    /// An older one that a reader built.
    older: Option<(u64, Sums)>,
    /// What was published while they are being built, and just before.
    journal: Vec<Update>,
    bytes: usize,
    used: u64,
}

impl RankCache {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sums of a version.
    pub(super) fn find(&self, channel: ChannelNo, version: u64, buckets: u64) -> Found {
        if !fits(buckets) {
            return Found::Own;
        }
        let mut slots = self.slots();
        let used = slots.next_use();
        match slots.slots.get_mut(&channel) {
            Some(slot) => {
                slot.used = used;
                let kept = slot.versions.iter().chain(&slot.older).find(|(kept, _)| *kept == version);
                kept.map_or(Found::Older, |(_, sums)| Found::Kept(sums.clone()))
            }
            None => {
                let versions = VecDeque::new();
                let journal = slots.last.iter().filter(|update| update.channel == channel).cloned().collect();
                slots.insert(channel, Slot { versions, older: None, journal, bytes: 0, used });
                Found::Wanted
            }
        }
    }

    /// The sums of the latest version, if it is this one.
    pub(super) fn latest(&self, channel: ChannelNo, version: u64) -> Option<Sums> {
        let mut slots = self.slots();
        let used = slots.next_use();
        let slot = slots.slots.get_mut(&channel)?;
        slot.used = used;
        slot.versions.back().filter(|(latest, _)| *latest == version).map(|(_, sums)| sums.clone())
    }

    /// Keeps the sums of a version that were wanted, and brings them up to what was published meanwhile.
    pub(super) fn keep(&self, channel: ChannelNo, version: u64, sums: Sums) {
        let mut slots = self.slots();
        let Some(slot) = slots.slots.get_mut(&channel) else { return };
        if !slot.versions.is_empty() {
            return;
        }
        let journal = std::mem::take(&mut slot.journal);
        slot.versions.push_back((version, sums));
        let missed = journal.iter().filter(|update| update.versions.0 >= version);
        let follows = missed.into_iter().all(|update| slot.follow(update));
        slots.settle(channel, follows);
    }

    /// Keeps the sums of a version that is not the latest.
    pub(super) fn keep_older(&self, channel: ChannelNo, version: u64, sums: Sums) {
        let mut slots = self.slots();
        if let Some(slot) = slots.slots.get_mut(&channel) {
            slot.older = Some((version, sums));
            slots.settle(channel, true);
        }
    }

    /// Forgets that sums were wanted, when they cannot be built.
    pub(super) fn give_up(&self, channel: ChannelNo) {
        let mut slots = self.slots();
        let is_wanted = slots.slots.get(&channel).is_some_and(|slot| slot.versions.is_empty());
        if is_wanted {
            slots.remove(channel);
        }
    }

    /// Follows a batch that is about to be written.
    pub(crate) fn publish(&self, updates: Vec<Update>) {
        let mut slots = self.slots();
        for update in &updates {
            let Some(slot) = slots.slots.get_mut(&update.channel) else { continue };
            let follows = if slot.versions.is_empty() {
                slot.journal.push(update.clone());
                slot.journal.len() <= JOURNAL_MAX
            } else {
                slot.follow(update)
            };
            slots.settle(update.channel, follows);
        }
        slots.last = updates;
    }
}

impl Slot {
    /// Adds the version that an update makes of the latest; `false` when that is another than the one that it changes.
    fn follow(&mut self, update: &Update) -> bool {
        let Some((version, sums)) = self.versions.back() else { return false };
        if *version != update.versions.0 {
            return false;
        }
        let next = update.buckets.iter().fold(sums.clone(), |sums, (first, bucket)| sums.with(*first, *bucket));
        self.versions.push_back((update.versions.1, next));
        if self.versions.len() > VERSIONS_MAX {
            self.versions.pop_front();
        }
        true
    }
}

impl Slots {
    fn next_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn insert(&mut self, channel: ChannelNo, slot: Slot) {
        self.slots.insert(channel, slot);
        self.shrink();
    }

    fn remove(&mut self, channel: ChannelNo) {
        let bytes = self.slots.remove(&channel).map_or(0, |slot| slot.bytes);
        self.bytes -= bytes;
    }

    /// Counts what a slot holds now; drops it when it is not true any more.
    fn settle(&mut self, channel: ChannelNo, is_true: bool) {
        if !is_true {
            return self.remove(channel);
        }
        let Some(slot) = self.slots.get_mut(&channel) else { return };
        let most = slot.versions.back().into_iter().chain(&slot.older).map(|(_, sums)| sums.totals().buckets).max();
        let bytes = most.map_or(0, bytes_of);
        self.bytes = self.bytes - slot.bytes + bytes;
        slot.bytes = bytes;
        self.shrink();
    }

    /// Drops what was used least recently until both bounds are kept.
    fn shrink(&mut self) {
        while self.slots.len() > CHANNELS_MAX || self.bytes > BYTES_MAX {
            let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used).map(|(channel, _)| *channel);
            let Some(oldest) = oldest else { return };
            self.remove(oldest);
        }
    }
}

/// Whether sums of so many buckets are kept.
pub(super) fn fits(buckets: u64) -> bool {
    bytes_of(buckets) <= BYTES_MAX
}

/// Bytes that the sums of so many buckets may take, in all versions that are kept.
fn bytes_of(buckets: u64) -> usize {
    usize::try_from(buckets).unwrap_or(usize::MAX).saturating_mul(NODE_BYTES * KEPT_MAX)
}
