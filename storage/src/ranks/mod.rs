//! Ranks: how many accepted messages stand before a key, and what a range of keys holds. The writer keeps buckets
//! ([`changes`]), their sums are in memory ([`sums`], [`cache`]), and what a bucket holds is scanned.

mod cache;
mod changes;
mod sums;

use cache::Found;
pub(crate) use cache::{RankCache, Update as RankUpdate};
pub(crate) use changes::RankChanges;
use dmpc::{OpKey, kinds::Kind, reconcile::IdSum};
use sums::Place;
pub(crate) use sums::Sums;

use crate::{
    StoreError,
    db::{Entry, Read},
    families::{
        ChannelNo, Family, log, prefix_end,
        ranks::{self, Bucket, Totals},
        records,
    },
    views::{damaged, record_at},
};

/// What a range of keys of a channel holds: equal in two nodes when, and by all odds only when, they hold the same there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Logged operations.
    pub operations: u64,
    /// Sum of their ids, as little-endian numbers, mod 2^256.
    pub sum: [u8; 32],
}

/// The ranks of a channel at the moment of a snapshot.
pub(crate) struct Ranks<'a, R> {
    read: &'a R,
    channel: ChannelNo,
    sums: Sums,
}

impl<'a, R: Read> Ranks<'a, R> {
    /// Of what `read` sees, which must be a snapshot, with the sums that are in memory for it, or that are built now.
    pub(crate) fn new(read: &'a R, cache: &RankCache, channel: ChannelNo) -> Result<Self, StoreError> {
        let (version, totals) = whole(read, channel)?;
        let sums = match cache.find(channel, version, totals.buckets) {
            Found::Kept(sums) => sums,
            Found::Own => build(read, channel, &totals)?,
            Found::Older => {
                let sums = build(read, channel, &totals)?;
                cache.keep_older(channel, version, sums.clone());
                sums
            }
            Found::Wanted => match build(read, channel, &totals) {
                Ok(sums) => {
                    cache.keep(channel, version, sums.clone());
                    sums
                }
                Err(error) => {
                    cache.give_up(channel);
                    return Err(error);
                }
            },
        };
        Ok(Self { read, channel, sums })
    }

    /// Of sums that are known to be those of what `read` sees.
    pub(crate) fn of(read: &'a R, channel: ChannelNo, sums: Sums) -> Self {
        Self { read, channel, sums }
    }

    /// The sums.
    pub(crate) fn into_sums(self) -> Sums {
        self.sums
    }

    /// Accepted messages.
    pub(crate) fn accepted(&self) -> u64 {
        self.sums.totals().accepted
    }

    /// How many accepted messages stand before `key`.
    pub(crate) fn position(&self, key: &OpKey) -> Result<u64, StoreError> {
        let Some(place) = self.sums.find(key) else { return Ok(0) };
        let inside = accepted(self.read, self.channel, &place.first, Some(key))?;
        Ok(place.before.accepted + count(inside.len()))
    }

    /// How many accepted messages stand before `key` or at it.
    pub(crate) fn upto(&self, key: &OpKey) -> Result<u64, StoreError> {
        let record = record_at(self.read, self.channel, Kind::ChannelMessage, key)?;
        let is_accepted = record.is_some_and(|record| record.verdict.is_applied());
        Ok(self.position(key)? + u64::from(is_accepted))
    }

    /// The accepted messages of the bucket that holds the one at a position, and the position of the first of them;
    /// `None` past the end.
    pub(crate) fn bucket_at(&self, position: u64) -> Result<Option<(u64, Vec<OpKey>)>, StoreError> {
        let Some(Place { before, first, next, .. }) = self.sums.at_position(position) else { return Ok(None) };
        Ok(Some((before.accepted, accepted(self.read, self.channel, &first, next.as_ref())?)))
    }

    /// The logged operations of the bucket that holds the one at a place, in the order of keys, what stands before them, and
    /// where the next bucket begins; `None` past the end.
    pub(crate) fn logged_at(&self, place: u64) -> Result<Option<Logged>, StoreError> {
        let Some(place) = self.sums.at_logged(place) else { return Ok(None) };
        self.logged_in(place).map(Some)
    }

    /// The same of the bucket that a key falls into; `None` before the first one.
    pub(crate) fn logged_around(&self, key: &OpKey) -> Result<Option<Logged>, StoreError> {
        let Some(place) = self.sums.find(key) else { return Ok(None) };
        self.logged_in(place).map(Some)
    }

    fn logged_in(&self, Place { before, bucket, first, next }: Place) -> Result<Logged, StoreError> {
        let mut keys = logged(self.read, self.channel, &first, next.as_ref())?;
        keys.sort_unstable();
        if keys.len() != usize::try_from(bucket.logged).unwrap_or(usize::MAX) {
            return Err(damaged(Family::Ranks, "a bucket counts other operations than there are"));
        }
        Ok(Logged { before: before.logged, sum: before.sum, first, next, keys })
    }

    /// What the keys from `from` on and before `end` hold.
    pub(crate) fn fingerprint(&self, from: &OpKey, end: &OpKey) -> Result<Fingerprint, StoreError> {
        if end <= from {
            return Ok(Fingerprint::default());
        }
        let (from, end) = (self.before(from)?, self.before(end)?);
        Ok(Fingerprint { operations: end.0 - from.0, sum: end.1.minus(from.1).to_bytes() })
    }

    /// The number and the sum of the ids of the operations before `key`.
    fn before(&self, key: &OpKey) -> Result<(u64, IdSum), StoreError> {
        let Some(place) = self.sums.find(key) else { return Ok((0, IdSum::default())) };
        let inside = logged(self.read, self.channel, &place.first, Some(key))?;
        let sum = inside.iter().fold(place.before.sum, |sum, key| sum.plus(IdSum::of(&key.id)));
        Ok((place.before.logged + count(inside.len()), sum))
    }
}

/// The logged operations of a bucket.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    /// How many stand before it.
    pub(crate) before: u64,
    /// The sum of their ids.
    pub(crate) sum: IdSum,
    /// Where it begins, and where the next one does.
    pub(crate) first: OpKey,
    pub(crate) next: Option<OpKey>,
    /// Its keys, ascending.
    pub(crate) keys: Vec<OpKey>,
}

/// The sums of a channel at present, if they are in memory.
pub(crate) fn in_memory(read: &impl Read, cache: &RankCache, channel: ChannelNo) -> Result<Option<Sums>, StoreError> {
    let (version, _) = whole(read, channel)?;
    Ok(cache.latest(channel, version))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// How many accepted messages a channel has.
pub(crate) fn accepted_in(read: &impl Read, channel: ChannelNo) -> Result<u64, StoreError> {
    Ok(whole(read, channel)?.1.accepted)
}

/// The version of a channel's buckets, and what they count together.
fn whole(read: &impl Read, channel: ChannelNo) -> Result<(u64, Totals), StoreError> {
    let Some(value) = read.get(Family::Ranks, &ranks::prefix(channel))? else { return Ok((0, Totals::default())) };
    ranks::parse_whole(&value).ok_or_else(|| damaged(Family::Ranks, "a value is short"))
}

/// Sums of all buckets of a channel, which must be those that the channel as a whole has.
fn build(read: &impl Read, channel: ChannelNo, totals: &Totals) -> Result<Sums, StoreError> {
    let mut buckets = Vec::new();
    let end = prefix_end(&ranks::prefix(channel));
    for entry in read.ascend(Family::Ranks, &ranks::key(channel, &OpKey::MIN), &end)? {
        let (key, value) = entry?;
        buckets.push(parse(&key, &value)?);
    }
    let sums = Sums::from_sorted(&buckets);
    if sums.totals() != *totals {
        return Err(damaged(Family::Ranks, "the buckets of a channel are not what it counts as a whole"));
    }
    Ok(sums)
}

fn parse(key: &[u8], value: &[u8]) -> Result<(OpKey, Bucket), StoreError> {
    let first = ranks::parse_key(key).ok_or_else(|| damaged(Family::Ranks, "a key is short"))?;
    let bucket = ranks::parse_value(value).ok_or_else(|| damaged(Family::Ranks, "a value is short"))?;
    Ok((first, bucket))
}

/// The accepted messages from `first` on and before `next`, in the order of keys.
fn accepted(
    read: &impl Read,
    channel: ChannelNo,
    first: &OpKey,
    next: Option<&OpKey>,
) -> Result<Vec<OpKey>, StoreError> {
    let keys = recorded(read, Family::Messages, channel, first, next)?;
    Ok(keys.into_iter().filter_map(|(key, is_applied)| is_applied.then_some(key)).collect())
}

/// What is logged from `first` on and before `next`, messages first.
fn logged(read: &impl Read, channel: ChannelNo, first: &OpKey, next: Option<&OpKey>) -> Result<Vec<OpKey>, StoreError> {
    if channel == ChannelNo::WHOLE {
        return log_keys(read, first, next);
    }
    let messages = recorded(read, Family::Messages, channel, first, next)?;
    let controls = recorded(read, Family::Controls, channel, first, next)?;
    Ok(messages.into_iter().chain(controls).map(|(key, _)| key).collect())
}

/// What the log holds from `first` on and before `next`.
fn log_keys(read: &impl Read, first: &OpKey, next: Option<&OpKey>) -> Result<Vec<OpKey>, StoreError> {
    let end = next.map_or_else(Vec::new, |next| log::key(next).to_vec());
    let entries = read.ascend(Family::Log, &log::key(first), &end)?;
    let key = |entry: Result<Entry, StoreError>| {
        log::parse_key(&entry?.0).ok_or_else(|| damaged(Family::Log, "a key is short"))
    };
    entries.map(key).collect()
}

/// The operations of a family from `first` on and before `next`, and whether they are applied.
fn recorded(
    read: &impl Read,
    family: Family,
    channel: ChannelNo,
    first: &OpKey,
    next: Option<&OpKey>,
) -> Result<Vec<(OpKey, bool)>, StoreError> {
    let end = next.map_or_else(|| prefix_end(&records::prefix(channel)), |next| records::key(channel, next));
    let mut keys = Vec::new();
    for entry in read.ascend(family, &records::key(channel, first), &end)? {
        let (key, value) = entry?;
        let record = records::parse_value(&value).ok_or_else(|| damaged(family, "a value is no record"))?;
        let key = records::parse_key(&key).ok_or_else(|| damaged(family, "a key is short"))?;
        keys.push((key, record.verdict.is_applied()));
    }
    Ok(keys)
}
