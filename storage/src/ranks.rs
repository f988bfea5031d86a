//! Ranks: how many accepted messages stand before a key. Kept in buckets by the writer, summed by readers.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::OpKey;

use crate::{
    StoreError,
    db::{Batch, Db, Read},
    families::{
        ChannelNo, Family, prefix_end,
        ranks::{self, BUCKET_MAX, Bucket},
        records,
    },
    views::damaged,
};

/// Messages of one channel that became accepted, or no longer are.
#[derive(Debug, Default)]
pub(crate) struct RankChanges {
    added: BTreeSet<OpKey>,
    removed: BTreeSet<OpKey>,
}

impl RankChanges {
    /// A message became accepted.
    pub(crate) fn add(&mut self, key: OpKey) {
        self.added.insert(key);
    }

    /// A message is no longer accepted.
    pub(crate) fn remove(&mut self, key: OpKey) {
        self.removed.insert(key);
    }

    /// Writes the buckets that change.
    pub(crate) fn write(&self, db: &Db, batch: &mut Batch, channel: ChannelNo) -> Result<(), StoreError> {
        let mut dirty: BTreeMap<OpKey, Bucket> = BTreeMap::new();
        let keys = self.added.iter().map(|key| (key, true)).chain(self.removed.iter().map(|key| (key, false)));
        for (key, is_added) in keys {
            let (first, stored) = bucket_of(db, channel, key)?;
            let bucket = dirty.entry(first).or_insert(stored);
            *bucket = if is_added { bucket.with(&key.id) } else { bucket.without(&key.id) };
        }
        for (first, bucket) in dirty {
            if bucket.count <= BUCKET_MAX {
                batch.put(db, Family::Ranks, &ranks::key(channel, &first), &ranks::value(&bucket))?;
            } else {
                self.split(db, batch, channel, &first)?;
            }
        }
        Ok(())
    }

    /// Splits a bucket that is too full. At the end of a channel the pieces are full, since keys go on growing there;
    /// elsewhere they leave room.
    fn split(&self, db: &Db, batch: &mut Batch, channel: ChannelNo, first: &OpKey) -> Result<(), StoreError> {
        let after = [ranks::key(channel, first).as_slice(), &[0]].concat();
        let next = db.ascend(Family::Ranks, &after, &prefix_end(&ranks::prefix(channel)))?.next().transpose()?;
        let next = next.map(|(key, _)| ranks::parse_key(&key).ok_or_else(|| damaged(Family::Ranks, "a key is short")));
        let next = next.transpose()?;
        let mut keys: BTreeSet<OpKey> = accepted(db, channel, first, next.as_ref())?.into_iter().collect();
        let inside = |key: &&OpKey| *key >= first && next.is_none_or(|next| **key < next);
        keys.extend(self.added.iter().filter(inside));
        keys.retain(|key| !self.removed.contains(key));
        let keys: Vec<OpKey> = keys.into_iter().collect();
        let full = usize::try_from(BUCKET_MAX).unwrap_or(usize::MAX);
        let size = if next.is_none() { full } else { full / 2 + 1 };
        let mut begin = *first;
        for (index, piece) in keys.chunks(size).enumerate() {
            if let (Some(key), true) = (piece.first(), index > 0) {
                begin = *key;
            }
            let bucket = piece.iter().fold(Bucket::default(), |bucket, key| bucket.with(&key.id));
            batch.put(db, Family::Ranks, &ranks::key(channel, &begin), &ranks::value(&bucket))?;
        }
        Ok(())
    }
}

/// The bucket that a key falls into: its first key, and what it holds.
fn bucket_of(read: &impl Read, channel: ChannelNo, key: &OpKey) -> Result<(OpKey, Bucket), StoreError> {
    let end = [ranks::key(channel, key).as_slice(), &[0]].concat();
    match read.descend(Family::Ranks, &ranks::prefix(channel), &end)?.next().transpose()? {
        Some((first, value)) => parse(&first, &value),
        None => Ok((OpKey::MIN, Bucket::default())),
    }
}

fn parse(key: &[u8], value: &[u8]) -> Result<(OpKey, Bucket), StoreError> {
    let first = ranks::parse_key(key).ok_or_else(|| damaged(Family::Ranks, "a key is short"))?;
    let bucket = ranks::parse_value(value).ok_or_else(|| damaged(Family::Ranks, "a value is short"))?;
    Ok((first, bucket))
}

/// The accepted messages from `first` on and before `next`.
fn accepted(
    read: &impl Read,
    channel: ChannelNo,
    first: &OpKey,
    next: Option<&OpKey>,
) -> Result<Vec<OpKey>, StoreError> {
    let end = next.map_or_else(|| prefix_end(&records::prefix(channel)), |next| records::key(channel, next));
    let mut keys = Vec::new();
    for entry in read.ascend(Family::Messages, &records::key(channel, first), &end)? {
        let (key, value) = entry?;
        let record = records::parse_value(&value).ok_or_else(|| damaged(Family::Messages, "a value is no record"))?;
        let key = records::parse_key(&key).ok_or_else(|| damaged(Family::Messages, "a key is short"))?;
        keys.extend(record.verdict.is_applied().then_some(key));
    }
    Ok(keys)
}

/// How many accepted messages of a channel stand before `key`.
pub(crate) fn position(read: &impl Read, channel: ChannelNo, key: &OpKey) -> Result<u64, StoreError> {
    let (first, _) = bucket_of(read, channel, key)?;
    let mut sum = 0_u64;
    for entry in read.ascend(Family::Ranks, &ranks::prefix(channel), &ranks::key(channel, &first))? {
        let (key, value) = entry?;
        sum += u64::from(parse(&key, &value)?.1.count);
    }
    let inside = accepted(read, channel, &first, Some(key))?.len();
    Ok(sum + u64::try_from(inside).unwrap_or(u64::MAX))
}

/// How many accepted messages a channel has.
pub(crate) fn count(read: &impl Read, channel: ChannelNo) -> Result<u64, StoreError> {
    let mut sum = 0_u64;
    let prefix = ranks::prefix(channel);
    for entry in read.ascend(Family::Ranks, &prefix, &prefix_end(&prefix))? {
        let (key, value) = entry?;
        sum += u64::from(parse(&key, &value)?.1.count);
    }
    Ok(sum)
}
