//! What a batch changes in the buckets of a channel.

use std::collections::BTreeMap;

use dmpc::{OpKey, reconcile::IdSum};

use super::{
    cache::{Found, RankCache, Update},
    log_keys, parse, recorded, whole,
};
use crate::{
    StoreError,
    db::{Batch, Db, Entry, Read},
    families::{
        ChannelNo, Family, prefix_end,
        ranks::{self, BUCKET_MAX, Bucket, Totals},
    },
    views::damaged,
};

/// Buckets of a channel up to which the writer builds sums that are not in memory; of more, it looks up those it needs.
const BUILT_BY_WRITER_MAX: u64 = 64;

/// Buckets that are read one after another in the time that one takes to be found in the store.
const READ_AT_A_LOOK: u64 = 16;

/// Operations of one channel that are new, or messages that became accepted or no longer are.
#[derive(Debug, Default)]
pub(crate) struct RankChanges(BTreeMap<OpKey, Change>);

#[derive(Clone, Copy, Debug)]
struct Change {
    is_new: bool,
    was_accepted: bool,
    is_accepted: bool,
}

impl RankChanges {
    /// An operation that is new, or whose verdict is another. Only messages are accepted.
    pub(crate) fn note(&mut self, key: OpKey, is_new: bool, was_accepted: bool, is_accepted: bool) {
        if is_new || was_accepted != is_accepted {
            self.0.insert(key, Change { is_new, was_accepted, is_accepted });
        }
    }

    /// Whether no bucket changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the buckets that change.
    pub(crate) fn write(
        &self,
        db: &Db,
        cache: &RankCache,
        batch: &mut Batch,
        channel: ChannelNo,
    ) -> Result<Update, StoreError> {
        let (version, mut totals) = whole(db, channel)?;
        let lookup = Lookup::new(db, cache, channel, version, &totals, self.0.len())?;
        let mut buckets = Vec::new();
        let changes: Vec<(OpKey, Change)> = self.0.iter().map(|(key, change)| (*key, *change)).collect();
        let mut left = changes.as_slice();
        while let Some((key, _)) = left.first() {
            let span = lookup.span(key)?;
            let inside = left.iter().take_while(|(key, _)| span.next.is_none_or(|next| *key < next)).count();
            let (changes, rest) = left.split_at(inside);
            let bucket = changes.iter().fold(span.bucket, with);
            let pieces = if bucket.logged <= BUCKET_MAX {
                vec![(span.first, bucket)]
            } else {
                split(db, channel, &span, changes)?
            };
            totals = replaced(totals, &span, &pieces);
            buckets.extend(pieces);
            left = rest;
        }
        for (first, bucket) in &buckets {
            batch.put(Family::Ranks, &ranks::key(channel, first), &ranks::value(bucket));
        }
        let versions = (version, version + 1);
        batch.put(Family::Ranks, &ranks::prefix(channel), &ranks::whole_value(versions.1, &totals));
        Ok(Update { channel, versions, buckets })
    }
}

/// A bucket as it is before the batch, and where it ends.
struct Span {
    first: OpKey,
    bucket: Bucket,
    /// Whether it is stored; the first of a channel may not be yet.
    is_stored: bool,
    next: Option<OpKey>,
}

/// Where the writer finds buckets.
enum Lookup<'a> {
    Sums(super::Sums),
    Store(&'a Db, ChannelNo),
}

impl<'a> Lookup<'a> {
    fn new(
        db: &'a Db,
        cache: &RankCache,
        channel: ChannelNo,
        version: u64,
        totals: &Totals,
        changes: usize,
    ) -> Result<Self, StoreError> {
        if let Some(sums) = cache.latest(channel, version) {
            return Ok(Self::Sums(sums));
        }
        // Every batch needs those of the log as a whole.
        let is_needed = channel == ChannelNo::WHOLE && super::cache::fits(totals.buckets);
        // To read them all is less work than to find so many.
        let is_less = super::count(changes) > totals.buckets / READ_AT_A_LOOK && super::cache::fits(totals.buckets);
        if totals.buckets > BUILT_BY_WRITER_MAX && !is_needed && !is_less {
            return Ok(Self::Store(db, channel));
        }
        let sums = super::build(db, channel, totals)?;
        if let Found::Wanted = cache.find(channel, version, totals.buckets) {
            cache.keep(channel, version, sums.clone());
        }
        Ok(Self::Sums(sums))
    }

    /// The bucket that a key falls into.
    fn span(&self, key: &OpKey) -> Result<Span, StoreError> {
        let (found, next) = match self {
            Self::Sums(sums) => {
                let place = sums.find(key);
                (place.map(|place| (place.first, place.bucket)), place.and_then(|place| place.next))
            }
            Self::Store(db, channel) => {
                let end = after(*channel, key);
                let from = ranks::key(*channel, &OpKey::MIN);
                let found = db.descend(Family::Ranks, &from, &end)?.next().transpose()?;
                let next = db.ascend(Family::Ranks, &end, &prefix_end(&ranks::prefix(*channel)))?.next().transpose()?;
                let parsed = |entry: Option<Entry>| entry.map(|(key, value)| parse(&key, &value)).transpose();
                (parsed(found)?, parsed(next)?.map(|(first, _)| first))
            }
        };
        let is_stored = found.is_some();
        let (first, bucket) = found.unwrap_or((OpKey::MIN, Bucket::default()));
        Ok(Span { first, bucket, is_stored, next })
    }
}

/// The stored key that follows the one of a bucket.
fn after(channel: ChannelNo, first: &OpKey) -> Vec<u8> {
    [ranks::key(channel, first).as_slice(), &[0]].concat()
}

/// A bucket after one change.
fn with(mut bucket: Bucket, (key, change): &(OpKey, Change)) -> Bucket {
    if change.is_new {
        bucket.logged += 1;
        bucket.sum = bucket.sum.plus(IdSum::of(&key.id));
    }
    bucket.accepted = bucket.accepted + u32::from(change.is_accepted) - u32::from(change.was_accepted);
    bucket
}

/// Totals in which `pieces` stand in the place of a bucket.
fn replaced(totals: Totals, old: &Span, pieces: &[(OpKey, Bucket)]) -> Totals {
    let new = pieces.iter().fold(totals, |totals, (_, bucket)| totals.with(bucket));
    let old = if old.is_stored { Totals::default().with(&old.bucket) } else { Totals::default() };
    Totals {
        buckets: new.buckets - old.buckets,
        logged: new.logged - old.logged,
        accepted: new.accepted - old.accepted,
        sum: new.sum.minus(old.sum),
    }
}

/// Splits a bucket that is too full. The pieces leave room for what comes late, so that not every late one is a split: less
/// room at the end of a channel, where keys go on growing, than elsewhere.
fn split(
    db: &Db,
    channel: ChannelNo,
    span: &Span,
    changes: &[(OpKey, Change)],
) -> Result<Vec<(OpKey, Bucket)>, StoreError> {
    let (first, next) = (&span.first, span.next.as_ref());
    let mut entries: BTreeMap<OpKey, Change> = BTreeMap::new();
    let stored = |is_accepted| Change { is_new: true, was_accepted: false, is_accepted };
    if channel == ChannelNo::WHOLE {
        entries.extend(log_keys(db, first, next)?.into_iter().map(|key| (key, stored(false))));
    } else {
        let messages = recorded(db, Family::Messages, channel, first, next)?;
        entries.extend(messages.into_iter().map(|(key, is_applied)| (key, stored(is_applied))));
        let controls = recorded(db, Family::Controls, channel, first, next)?;
        entries.extend(controls.into_iter().map(|(key, _)| (key, stored(false))));
    }
    if entries.len() != usize::try_from(span.bucket.logged).unwrap_or(usize::MAX) {
        return Err(damaged(Family::Ranks, "a bucket counts other operations than are recorded"));
    }
    entries.extend(changes.iter().map(|(key, change)| (*key, stored(change.is_accepted))));
    let entries: Vec<(OpKey, Change)> = entries.into_iter().collect();
    let full = usize::try_from(BUCKET_MAX).unwrap_or(usize::MAX);
    let size = if next.is_none() { full / 4 * 3 } else { full / 2 + 1 };
    let pieces = entries.chunks(size).enumerate().filter_map(|(index, piece)| {
        let begin = if index == 0 { *first } else { piece.first()?.0 };
        Some((begin, piece.iter().fold(Bucket::default(), with)))
    });
    Ok(pieces.collect())
}
