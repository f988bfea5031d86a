//! The log as sets of operations: of everything, of a channel, of users. What set reconciliation asks: how many, which one
//! stands where, and what a range holds. All of one moment, and of the log as it is now, also while readers see the state of
//! before: judging again changes no keys.

use std::cell::RefCell;

use bytes::Bytes;
use dmpc::{ChannelId, OpKey, reconcile::IdSum};

use super::Reader;
use crate::{
    StoreError,
    db::{Read, View},
    families::{ChannelNo, Family, arrival, log},
    names,
    ranks::{Logged, Ranks},
    store::read_head,
    views::damaged,
};

/// A set of operations of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogScope<'a> {
    /// The whole log.
    Whole,
    /// Operations on users.
    Users,
    /// Operations of a channel.
    Channel(&'a ChannelId),
}

/// Where the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Operations in it; the last local sequence.
    pub operations: u64,
    /// Its greatest key.
    pub latest: OpKey,
    /// Its digest.
    pub log_digest: [u8; 32],
}

/// The keys of a scope at one moment. Each answer costs a descent in a tree of sums, and the scan of a bucket or two.
pub struct ScopeKeys<'a> {
    read: View<'a>,
    /// The sums; `None` for a channel that was never heard of.
    sums: Option<(ChannelNo, crate::ranks::Sums)>,
    /// The bucket that was looked into last: what is asked next mostly stands in it.
    last: RefCell<Option<Logged>>,
}

impl std::fmt::Debug for ScopeKeys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScopeKeys {{ size: {} }}", self.size())
    }
}

impl Reader {
    /// The keys of a scope as they are now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn scope(&self, scope: LogScope<'_>) -> Result<ScopeKeys<'_>, StoreError> {
        let read = self.latest();
        let channel = match scope {
            LogScope::Whole => Some(ChannelNo::WHOLE),
            LogScope::Users => Some(ChannelNo::NONE),
            LogScope::Channel(channel) => names::channel_no(&read, channel)?,
        };
        let sums = match channel {
            Some(channel) => Some((channel, Ranks::new(&read, &self.ranks, channel)?.into_sums())),
            None => None,
        };
        Ok(ScopeKeys { read, sums, last: RefCell::default() })
    }

    /// Where the log is now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn log_head(&self) -> Result<LogHead, StoreError> {
        let head = read_head(&self.latest())?;
        Ok(LogHead { operations: head.arrivals, latest: head.latest, log_digest: head.digests.log_digest() })
    }

    /// The keys of what arrived after so many operations, in the order of arrival, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn arrivals(&self, after: u64, limit: usize) -> Result<Vec<OpKey>, StoreError> {
        let read = self.latest();
        let entries = read.ascend(Family::Arrival, &arrival::key(after.saturating_add(1)), &[])?;
        let keys = entries.take(limit).map(|entry| {
            let (_, value) = entry?;
            arrival::parse_value(&value).ok_or_else(|| damaged(Family::Arrival, "a value is no key"))
        });
        keys.collect()
    }

    /// The bytes of operations as received; `None` for those that are not in the log. Ask for few: each may have 512 KiB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn operations(&self, keys: &[OpKey]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| log::key(key).to_vec()).collect();
        let found = self.latest().get_many(Family::Log, &keys)?;
        Ok(found.into_iter().map(|bytes| bytes.map(Bytes::from)).collect())
    }
}

impl ScopeKeys<'_> {
    /// How many they are.
    pub fn size(&self) -> u64 {
        self.sums.as_ref().map_or(0, |(_, sums)| sums.totals().logged)
    }

    /// How many stand before a key.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn lower_bound(&self, key: &OpKey) -> Result<u64, StoreError> {
        let is_in = |logged: &Logged| logged.first <= *key && logged.next.is_none_or(|next| *key < next);
        self.look(
            is_in,
            |ranks| ranks.logged_around(key),
            |logged| logged.before + count(logged.keys.partition_point(|other| other < key)),
        )
        .map(Option::unwrap_or_default)
    }

    /// The sum of the ids of those from the place `from` on and before `end`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn sum(&self, from: u64, end: u64) -> Result<IdSum, StoreError> {
        Ok(self.before(end)?.minus(self.before(from.min(end))?))
    }

    /// The sum of the ids of the first `place` ones.
    fn before(&self, place: u64) -> Result<IdSum, StoreError> {
        if place == 0 {
            return Ok(IdSum::default());
        }
        if place >= self.size() {
            return Ok(self.sums.as_ref().map_or_else(IdSum::default, |(_, sums)| sums.totals().sum));
        }
        self.at(place, |logged| {
            let inside = usize::try_from(place - logged.before).unwrap_or(usize::MAX);
            logged.keys.iter().take(inside).fold(logged.sum, |sum, key| sum.plus(IdSum::of(&key.id)))
        })
        .map(Option::unwrap_or_default)
    }

    /// Those from the place `from` on, at most `limit`; fewer only at the end.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn keys(&self, from: u64, limit: usize) -> Result<Vec<OpKey>, StoreError> {
        let mut keys: Vec<OpKey> = Vec::new();
        while keys.len() < limit {
            let place = from + count(keys.len());
            let more = self.at(place, |logged| {
                let inside = usize::try_from(place - logged.before).unwrap_or(usize::MAX);
                logged.keys.iter().skip(inside).take(limit - keys.len()).copied().collect::<Vec<OpKey>>()
            })?;
            match more {
                Some(more) if !more.is_empty() => keys.extend(more),
                Some(_) | None => break,
            }
        }
        Ok(keys)
    }

    fn at<T>(&self, place: u64, look: impl FnOnce(&Logged) -> T) -> Result<Option<T>, StoreError> {
        let is_in =
            |logged: &Logged| place.checked_sub(logged.before).is_some_and(|inside| inside < count(logged.keys.len()));
        self.look(is_in, |ranks| ranks.logged_at(place), look)
    }

    /// Looks into a bucket: the last one, or else the one that `find` finds.
    fn look<'a, T>(
        &'a self,
        is_in: impl Fn(&Logged) -> bool,
        find: impl FnOnce(&Ranks<'a, View<'a>>) -> Result<Option<Logged>, StoreError>,
        look: impl FnOnce(&Logged) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut last = self.last.borrow_mut();
        if !last.as_ref().is_some_and(is_in) {
            let Some((channel, sums)) = &self.sums else { return Ok(None) };
            *last = find(&Ranks::of(&self.read, *channel, sums.clone()))?;
        }
        Ok(last.as_ref().map(look))
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
