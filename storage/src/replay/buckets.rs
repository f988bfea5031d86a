//! Ranks: where buckets are cut depends on the order of arrival; what they count, between their borders, does not.

use std::collections::BTreeMap;

use dmpc::{OpKey, reconcile::IdSum};

use super::fault::{Fault, Faults};
use crate::{
    StoreError,
    db::{Db, Read},
    families::{
        ChannelNo, Family,
        ranks::{self, BUCKET_MAX, Bucket, Totals},
        split_u32,
    },
};

/// The buckets of all channels: by key, what is stored and what is counted.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    buckets: Vec<(Vec<u8>, Bucket, Bucket)>,
    wholes: BTreeMap<u32, Totals>,
    faults: Faults,
}

/// A walk over the operations of one family, which come in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Walk(usize);

fn fault(what: String) -> Fault {
    Fault::Derived { family: Family::Ranks.name(), what }
}

impl Buckets {
    pub(super) fn load(db: &Db) -> Result<Self, StoreError> {
        let mut loaded = Self::default();
        for entry in db.ascend(Family::Ranks, &[], &[])? {
            let (key, value) = entry?;
            let bucket = ranks::parse_key(&key).and(ranks::parse_value(&value));
            let whole = split_u32(&key).filter(|(_, rest)| rest.is_empty()).zip(ranks::parse_whole(&value));
            match (whole, bucket) {
                (Some(((channel, _), (_, totals))), _) => drop(loaded.wholes.insert(channel, totals)),
                (None, Some(bucket)) => loaded.buckets.push((key.into_vec(), bucket, Bucket::default())),
                (None, None) => loaded.faults.push(fault(format!("an entry of {} bytes is none", key.len()))),
            }
        }
        Ok(loaded)
    }

    /// Counts an operation; `key` is that of its record, which begins as the keys of buckets do.
    pub(super) fn count(&mut self, walk: &mut Walk, key: &[u8], operation: &OpKey, is_accepted: bool) {
        while self.buckets.get(walk.0 + 1).is_some_and(|(first, ..)| first.as_slice() <= key) {
            walk.0 += 1;
        }
        self.count_at(walk.0, key, operation, is_accepted);
    }

    /// Counts an operation in the log as a whole; `walk` remembers the last bucket, since the next operation mostly falls into
    /// it again.
    pub(super) fn count_whole(&mut self, walk: &mut Walk, operation: &OpKey) {
        let key = ranks::key(ChannelNo::WHOLE, operation);
        let is_before =
            |place: usize| self.buckets.get(place).is_some_and(|(first, ..)| first.as_slice() <= key.as_slice());
        if !is_before(walk.0) || is_before(walk.0 + 1) {
            let after = self.buckets.partition_point(|(first, ..)| first.as_slice() <= key.as_slice());
            walk.0 = after.saturating_sub(1);
        }
        self.count_at(walk.0, &key, operation, false);
    }

    fn count_at(&mut self, place: usize, key: &[u8], operation: &OpKey, is_accepted: bool) {
        let bucket = self.buckets.get_mut(place);
        match bucket.filter(|(first, ..)| first.as_slice() <= key && first.get(..4) == key.get(..4)) {
            Some((_, _, counted)) => {
                counted.logged = counted.logged.saturating_add(1);
                counted.accepted = counted.accepted.saturating_add(u32::from(is_accepted));
                counted.sum = counted.sum.plus(IdSum::of(&operation.id));
            }
            None => self.faults.push(fault(format!("no bucket holds {}", operation.id))),
        }
    }

    /// What does not agree.
    pub(super) fn finish(mut self) -> Faults {
        let mut sums: BTreeMap<u32, Totals> = BTreeMap::new();
        for (key, stored, counted) in &self.buckets {
            let first = ranks::parse_key(key).unwrap_or(OpKey::MIN);
            let (channel, _) = split_u32(key).unwrap_or_default();
            let total = sums.entry(channel).or_default();
            *total = total.with(stored);
            if stored != counted || counted.logged > BUCKET_MAX {
                self.faults.push(fault(format!(
                    "the bucket of channel {channel} from {} on counts {} operations and {} messages, and should count {} and \
                     {}, with the sum of their ids",
                    first.timestamp, stored.logged, stored.accepted, counted.logged, counted.accepted
                )));
            }
        }
        if sums != self.wholes {
            let channels = sums.keys().chain(self.wholes.keys());
            let wrong = channels.filter(|channel| sums.get(channel) != self.wholes.get(channel));
            let wrong: Vec<ChannelNo> = wrong.map(|channel| ChannelNo(*channel)).collect();
            self.faults.push(fault(format!("the buckets of {wrong:?} are not what these count as a whole")));
        }
        self.faults
    }
}
