//! The views in RocksDB, as the engine and readers see them.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry as Slot},
    sync::Arc,
};

use dmpc::{ChannelId, IssueId, OpKey, SignedOperation, UserId, VerifiedOperation, kinds::Kind};
use foldhash::fast::RandomState;

use crate::{
    StoreError,
    db::Read,
    facts::{fact_after, fact_at, fact_before, fact_between, stands_upto},
    families::{
        ChannelNo, Family, UserNo,
        by_user::{self, Roles},
        issues, log, prefix_end, records, work,
    },
    names,
    projection::{
        register::{Register, Scope, Value},
        rules::Before,
        views::{Places, Record, Views},
        work::{Cause, Work},
    },
    ranks::{self, RankCache, Sums},
    remembered::{Entry, Remembered, Stretch},
};

/// Messages that are looked at between two of which subscribers hear together.
const BETWEEN_MAX: usize = 64;

pub(crate) fn damaged(family: Family, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { family: family.name(), what: what.into() }
}

/// An operation of the log.
pub(crate) fn operation(read: &impl Read, key: &OpKey) -> Result<Option<VerifiedOperation>, StoreError> {
    let Some(bytes) = read.get(Family::Log, &log::key(key))? else { return Ok(None) };
    let operation = VerifiedOperation::from_log(bytes.into());
    operation.map(Some).map_err(|error| StoreError::BadOperation { key: *key, error })
}

/// The state at present, for reads and their authorisation.
pub(crate) struct Present<'a, R>(pub(crate) &'a R);

impl<R: Read> Before for Present<'_, R> {
    type Error = StoreError;

    fn get(&self, register: &Register) -> Result<Option<Value>, StoreError> {
        Ok(fact_before(self.0, register, &OpKey::MAX)?.map(|(_, value)| value))
    }
}

/// The views, with what the writer remembers.
pub(crate) struct DbViews<'a, R> {
    read: &'a R,
    latest: OpKey,
    remembered: &'a RefCell<Remembered>,
    /// Whether something may be stored that is to be judged again.
    has_work: bool,
    ranks: &'a RankCache,
    /// Numbers of channels that were looked up.
    channels: RefCell<HashMap<ChannelId, Option<ChannelNo>, RandomState>>,
    /// Sums of channels, where they are in memory.
    sums: RefCell<HashMap<ChannelNo, Option<Sums>, RandomState>>,
}

impl<'a, R: Read> DbViews<'a, R> {
    /// Views of a log whose greatest key is `latest`.
    pub(crate) fn new(
        read: &'a R,
        latest: OpKey,
        remembered: &'a RefCell<Remembered>,
        ranks: &'a RankCache,
        has_work: bool,
    ) -> Self {
        Self { read, latest, remembered, has_work, ranks, channels: RefCell::default(), sums: RefCell::default() }
    }

    fn last(&self, register: &Register) -> Result<Entry, StoreError> {
        if let Some(last) = self.remembered.borrow().latest(register) {
            return Ok(last.clone());
        }
        let last = fact_before(self.read, register, &OpKey::MAX)?;
        self.remembered.borrow_mut().set_latest(*register, last.clone());
        Ok(last)
    }

    /// The last entry before a key that is not the end of the log. Whoever asks for greater and greater keys reads on
    /// from where the last answer ended.
    fn earlier(&self, register: &Register, key: &OpKey) -> Result<Entry, StoreError> {
        let known = self.remembered.borrow().earlier(register).cloned();
        let entry = match known {
            Some(stretch) if stretch.holds(key) => return Ok(stretch.entry),
            Some(stretch) if *key > stretch.upto => {
                fact_between(self.read, register, &stretch.upto, key)?.or(stretch.entry)
            }
            Some(_) | None => fact_before(self.read, register, key)?,
        };
        let upto = stands_upto(self.read, register, key)?;
        self.remembered.borrow_mut().set_earlier(*register, Stretch { entry: entry.clone(), upto });
        Ok(entry)
    }

    fn channel_no(&self, channel: &ChannelId) -> Result<Option<ChannelNo>, StoreError> {
        if let Some(number) = self.channels.borrow().get(channel) {
            return Ok(*number);
        }
        let number = names::channel_no(self.read, channel)?;
        self.channels.borrow_mut().insert(*channel, number);
        Ok(number)
    }

    /// Whether accepted messages, of which subscribers were told, fill whole buckets between two.
    fn is_bucket_between(&self, channel: ChannelNo, first: &OpKey, second: &OpKey) -> Result<bool, StoreError> {
        let mut known = self.sums.borrow_mut();
        let sums = match known.entry(channel) {
            Slot::Occupied(sums) => sums.into_mut(),
            Slot::Vacant(slot) => slot.insert(ranks::in_memory(self.read, self.ranks, channel)?),
        };
        Ok(sums.as_ref().is_some_and(|sums| sums.has_accepted_between(first, second)))
    }

    /// The first operations of a channel after one.
    fn channel_keys(&self, family: Family, channel: &ChannelId, range: &Range<'_>) -> Result<Vec<OpKey>, StoreError> {
        let mut keys = Vec::new();
        let Some(no) = self.channel_no(channel)? else { return Ok(keys) };
        let from = [records::key(no, range.after).as_slice(), &[0]].concat();
        for entry in self.read.ascend(family, &from, &prefix_end(&records::prefix(no)))? {
            let key = records::parse_key(&entry?.0).ok_or_else(|| damaged(family, "a key is short"))?;
            if key > *range.upto || keys.len() >= range.limit {
                break;
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// The first operations of a user in one place after one.
    fn user_keys(&self, user: UserNo, channel: ChannelNo, range: &Range<'_>) -> Result<Vec<OpKey>, StoreError> {
        let wanted = Roles::AUTHOR.union(Roles::SUBJECT);
        let mut keys = Vec::new();
        let from = [by_user::key(user, channel, range.after).as_slice(), &[0]].concat();
        let end = prefix_end(&by_user::channel_prefix(user, channel));
        for entry in self.read.ascend(Family::ByUser, &from, &end)? {
            let (key, value) = entry?;
            let (_, key) = by_user::parse_key(&key).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
            if key > *range.upto || keys.len() >= range.limit {
                break;
            }
            let roles = by_user::parse_value(&value).ok_or_else(|| damaged(Family::ByUser, "a value is empty"))?;
            keys.extend(roles.intersects(wanted).then_some(key));
        }
        Ok(keys)
    }

    /// The first operations after one that certify an issue.
    fn issue_keys(&self, issue: &IssueId, range: &Range<'_>) -> Result<Vec<OpKey>, StoreError> {
        let mut keys = Vec::new();
        let prefix = issues::index_prefix(issue);
        let from = [issues::index_key(issue, range.after).as_slice(), &[0]].concat();
        for entry in self.read.ascend(Family::Issues, &from, &prefix_end(&prefix))? {
            let (key, _) = entry?;
            let key = key.strip_prefix(prefix.as_slice()).and_then(log::parse_key);
            let key = key.ok_or_else(|| damaged(Family::Issues, "a key is short"))?;
            if key > *range.upto || keys.len() >= range.limit {
                break;
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

/// The first operations after one key and up to another.
struct Range<'a> {
    after: &'a OpKey,
    upto: &'a OpKey,
    limit: usize,
}

impl<R: Read> Views for DbViews<'_, R> {
    type Error = StoreError;

    fn before(&self, register: &Register, key: &OpKey) -> Result<Option<(OpKey, Value)>, StoreError> {
        match self.last(register)? {
            Some((at, value)) if at < *key => Ok(Some((at, value))),
            Some(_) => self.earlier(register, key),
            None => Ok(None),
        }
    }

    fn at(&self, register: &Register, key: &OpKey) -> Result<Option<Value>, StoreError> {
        if *key > self.latest { Ok(None) } else { fact_at(self.read, register, key) }
    }

    fn after(&self, register: &Register, key: &OpKey) -> Result<Option<OpKey>, StoreError> {
        if *key >= self.latest {
            return Ok(None);
        }
        fact_after(self.read, register, key)
    }

    fn operation(&self, key: &OpKey) -> Result<Option<Arc<VerifiedOperation>>, StoreError> {
        let found = operation(self.read, key)?;
        // Only what an index names is asked for.
        let found = found.ok_or_else(|| damaged(Family::Log, format!("{key:?} is indexed and not in the log")))?;
        Ok(Some(Arc::new(found)))
    }

    fn record(&self, operation: &VerifiedOperation) -> Result<Option<Record>, StoreError> {
        if operation.key() > self.latest {
            return Ok(None);
        }
        let channel = match operation.channel() {
            None => Some(ChannelNo::NONE),
            Some(id) => self.channel_no(&id)?,
        };
        let Some(channel) = channel else { return Ok(None) };
        record_at(self.read, channel, operation.kind(), &operation.key())
    }

    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey, limit: usize) -> Result<Vec<OpKey>, StoreError> {
        if *after >= self.latest {
            return Ok(Vec::new());
        }
        let range = Range { after, upto, limit };
        match scope {
            Scope::Everywhere(..) => Ok(Vec::new()),
            Scope::Place(user, place) => {
                let channel = match place {
                    None => Some(ChannelNo::NONE),
                    Some(channel) => self.channel_no(channel)?,
                };
                match (names::user_no(self.read, user)?, channel) {
                    (Some(user), Some(channel)) => self.user_keys(user, channel, &range),
                    (None, _) | (_, None) => Ok(Vec::new()),
                }
            }
            Scope::Controls(channel) => self.channel_keys(Family::Controls, channel, &range),
            Scope::Messages(channel) => self.channel_keys(Family::Messages, channel, &range),
            Scope::Issue(issue) => self.issue_keys(issue, &range),
        }
    }

    fn places(&self, user: &UserId, _: &OpKey, from: u32, limit: usize) -> Result<Places, StoreError> {
        let mut places = Vec::new();
        let Some(user) = names::user_no(self.read, user)? else { return Ok((places, None)) };
        let end = prefix_end(&by_user::user_prefix(user));
        let mut from = by_user::channel_prefix(user, ChannelNo(from));
        // From one to the next, skipping what is in them.
        while let Some(entry) = self.read.ascend(Family::ByUser, &from, &end)?.next() {
            let (channel, _) =
                by_user::parse_key(&entry?.0).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
            if places.len() >= limit {
                return Ok((places, Some(channel.0)));
            }
            let is_channel = channel != ChannelNo::NONE;
            places.push(if is_channel { Some(names::channel_id(self.read, channel)?) } else { None });
            from = prefix_end(&by_user::channel_prefix(user, channel));
            if from >= end && !end.is_empty() {
                break;
            }
        }
        Ok((places, None))
    }

    fn work(&self, after: Option<&Work>, limit: usize) -> Result<Vec<(Work, Cause)>, StoreError> {
        if !self.has_work {
            return Ok(Vec::new());
        }
        let from = after.map_or_else(Vec::new, |after| [work::key(after).as_slice(), &[0]].concat());
        let parse = |entry: Result<crate::db::Entry, StoreError>| {
            let (key, value) = entry?;
            let parsed = work::parse_key(&key).zip(work::parse_value(&value));
            parsed.ok_or_else(|| damaged(Family::Work, "a key or value is no range"))
        };
        self.read.ascend(Family::Work, &from, &[])?.take(limit).map(parse).collect()
    }

    fn is_told_between(&self, channel: &ChannelId, first: &OpKey, second: &OpKey) -> Result<bool, StoreError> {
        let Some(no) = self.channel_no(channel)? else { return Ok(false) };
        if self.is_bucket_between(no, first, second)? {
            return Ok(true);
        }
        let from = [records::key(no, first).as_slice(), &[0]].concat();
        for (number, entry) in self.read.ascend(Family::Messages, &from, &records::key(no, second))?.enumerate() {
            let record = records::parse_value(&entry?.1);
            let record = record.ok_or_else(|| damaged(Family::Messages, "a value is no record"))?;
            if record.announced || number >= BETWEEN_MAX {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn may_have_channel(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        Ok(self.channel_no(channel)?.is_some())
    }

    fn may_have_user(&self, user: &UserId) -> Result<bool, StoreError> {
        Ok(names::user_no(self.read, user)?.is_some())
    }

    fn latest(&self) -> Result<OpKey, StoreError> {
        Ok(self.latest)
    }
}

/// What is remembered of a logged operation.
pub(crate) fn record(read: &impl Read, operation: &SignedOperation) -> Result<Option<Record>, StoreError> {
    let channel = match operation.channel() {
        None => Some(ChannelNo::NONE),
        Some(id) => names::channel_no(read, &id)?,
    };
    let Some(channel) = channel else { return Ok(None) };
    record_at(read, channel, operation.kind(), &operation.key())
}

/// What is remembered of the operation of a kind at a key.
pub(crate) fn record_at(
    read: &impl Read,
    channel: ChannelNo,
    kind: Kind,
    key: &OpKey,
) -> Result<Option<Record>, StoreError> {
    let family = records::family(kind);
    let Some(value) = read.get(family, &records::key(channel, key))? else { return Ok(None) };
    records::parse_value(&value).map(Some).ok_or_else(|| damaged(family, "a value is no record"))
}
