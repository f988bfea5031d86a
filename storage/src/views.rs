//! The views in RocksDB, as the engine and readers see them.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use dmpc::{ChannelId, OpKey, SignedOperation, UserId, VerifiedOperation, kinds::Kind};

use crate::{
    StoreError,
    db::Read,
    families::{
        ChannelNo, Family, UserNo,
        by_user::{self, Roles},
        channels,
        facts::Place,
        issues, keys, log, prefix_end, records, users,
    },
    names,
    projection::{
        register::{Register, Scope, Value},
        rules::Before,
        views::{Record, Views},
    },
};

/// Registers whose last entry is remembered in memory; over it, all are forgotten and read again.
const LATEST_MAX: usize = 1 << 17;

/// Where a register's entries are; `None` while the node has not heard of the user or channel.
pub(crate) fn place(read: &impl Read, register: &Register) -> Result<Option<Place>, StoreError> {
    let user = |id: &UserId| names::user_no(read, id);
    let channel = |id: &ChannelId| names::channel_no(read, id);
    Ok(match register {
        Register::UserRoot(id) => user(id)?.map(|no| users::place(no, users::ROOT, 0)),
        Register::UserCreated(id) => user(id)?.map(|no| users::place(no, users::CREATED, 0)),
        Register::UserActive(id) => user(id)?.map(|no| users::place(no, users::ACTIVE, 0)),
        Register::UserPermission(id, bit) => user(id)?.map(|no| users::place(no, users::PERMISSION, *bit)),
        Register::UserName(id) => user(id)?.map(|no| users::place(no, users::NAME, 0)),
        Register::UserSigningKey(id) => user(id)?.map(|no| keys::place(no, keys::SIGNING)),
        Register::UserEncryptionKey(id) => user(id)?.map(|no| keys::place(no, keys::ENCRYPTION)),
        Register::ChannelOpened(id) => channel(id)?.map(|no| channels::place(no, channels::OPENED)),
        Register::ChannelClosed(id) => channel(id)?.map(|no| channels::place(no, channels::CLOSED)),
        Register::ChannelMember(id, member) => match (channel(id)?, user(member)?) {
            (Some(no), Some(member)) => Some(channels::member_place(no, member)),
            (None, _) | (_, None) => None,
        },
        Register::ChannelEpoch(id, key_id) => channel(id)?.map(|no| channels::epoch_place(no, key_id)),
        Register::ChannelCurrentEpoch(id) => channel(id)?.map(|no| channels::place(no, channels::CURRENT_EPOCH)),
        Register::IssueTaken(issue) => Some(issues::taken_place(issue)),
    })
}

pub(crate) fn damaged(family: Family, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { family: family.name(), what: what.into() }
}

/// Decodes an entry of a register.
pub(crate) fn parse_fact(place: &Place, key: &[u8], value: &[u8]) -> Result<(OpKey, Value), StoreError> {
    let key = place.parse_key(key).ok_or_else(|| damaged(place.family, "a key is no key of the family"))?;
    let value = Value::from_bytes(value).ok_or_else(|| damaged(place.family, "a value is none of a register"))?;
    Ok((key, value))
}

/// The last entry of a register strictly before `key`.
pub(crate) fn fact_before(
    read: &impl Read,
    register: &Register,
    key: &OpKey,
) -> Result<Option<(OpKey, Value)>, StoreError> {
    let Some(place) = place(read, register)? else { return Ok(None) };
    let entry = read.descend(place.family, &place.key(&OpKey::MIN), &place.key(key))?.next().transpose()?;
    entry.map(|(key, value)| parse_fact(&place, &key, &value)).transpose()
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

/// The last entry of each register that was asked for; kept true by the writer.
pub(crate) type LatestCache = HashMap<Register, Option<(OpKey, Value)>>;

/// The views, with the writer's memory of last entries.
pub(crate) struct DbViews<'a, R> {
    read: &'a R,
    latest: OpKey,
    cache: &'a RefCell<LatestCache>,
}

impl<'a, R: Read> DbViews<'a, R> {
    /// Views of a log whose greatest key is `latest`.
    pub(crate) fn new(read: &'a R, latest: OpKey, cache: &'a RefCell<LatestCache>) -> Self {
        Self { read, latest, cache }
    }

    fn last(&self, register: &Register) -> Result<Option<(OpKey, Value)>, StoreError> {
        if let Some(last) = self.cache.borrow().get(register) {
            return Ok(last.clone());
        }
        let last = fact_before(self.read, register, &OpKey::MAX)?;
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= LATEST_MAX {
            cache.clear();
        }
        cache.insert(*register, last.clone());
        Ok(last)
    }

    fn channel_keys(
        &self,
        family: Family,
        channel: ChannelNo,
        after: &OpKey,
        upto: &OpKey,
        keys: &mut Vec<OpKey>,
    ) -> Result<(), StoreError> {
        for entry in self.read.ascend(family, &records::key(channel, after), &prefix_end(&records::prefix(channel)))? {
            let key = records::parse_key(&entry?.0).ok_or_else(|| damaged(family, "a key is short"))?;
            if key > *upto {
                break;
            }
            keys.extend((key > *after).then_some(key));
        }
        Ok(())
    }

    /// The operations of a user in one channel.
    fn user_keys(
        &self,
        user: UserNo,
        channel: ChannelNo,
        after: &OpKey,
        upto: &OpKey,
        keys: &mut Vec<OpKey>,
    ) -> Result<(), StoreError> {
        let wanted = Roles::AUTHOR.union(Roles::SUBJECT);
        let end = prefix_end(&by_user::channel_prefix(user, channel));
        for entry in self.read.ascend(Family::ByUser, &by_user::key(user, channel, after), &end)? {
            let (key, value) = entry?;
            let (_, key) = by_user::parse_key(&key).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
            if key > *upto {
                break;
            }
            let roles = by_user::parse_value(&value).ok_or_else(|| damaged(Family::ByUser, "a value is empty"))?;
            keys.extend((key > *after && roles.intersects(wanted)).then_some(key));
        }
        Ok(())
    }

    /// The channels in which a user has operations, found by skipping from one to the next.
    fn user_channels(&self, user: UserNo) -> Result<Vec<ChannelNo>, StoreError> {
        let end = prefix_end(&by_user::user_prefix(user));
        let mut from = by_user::user_prefix(user).to_vec();
        let mut found = Vec::new();
        while let Some(entry) = self.read.ascend(Family::ByUser, &from, &end)?.next() {
            let (channel, _) =
                by_user::parse_key(&entry?.0).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
            found.push(channel);
            from = prefix_end(&by_user::channel_prefix(user, channel));
            if from >= end && !end.is_empty() {
                break;
            }
        }
        Ok(found)
    }
}

impl<R: Read> Views for DbViews<'_, R> {
    type Error = StoreError;

    fn before(&self, register: &Register, key: &OpKey) -> Result<Option<(OpKey, Value)>, StoreError> {
        match self.last(register)? {
            Some((at, value)) if at < *key => Ok(Some((at, value))),
            Some(_) => fact_before(self.read, register, key),
            None => Ok(None),
        }
    }

    fn at(&self, register: &Register, key: &OpKey) -> Result<Option<Value>, StoreError> {
        if *key > self.latest {
            return Ok(None);
        }
        let Some(place) = place(self.read, register)? else { return Ok(None) };
        let value = self.read.get(place.family, &place.key(key))?;
        value.map(|value| parse_fact(&place, &place.key(key), &value).map(|(_, value)| value)).transpose()
    }

    fn after(&self, register: &Register, key: &OpKey) -> Result<Option<OpKey>, StoreError> {
        if *key >= self.latest {
            return Ok(None);
        }
        let Some(place) = place(self.read, register)? else { return Ok(None) };
        let end = prefix_end(&place.prefix);
        for entry in self.read.ascend(place.family, &place.key(key), &end)? {
            let (found, value) = entry?;
            let (found, _) = parse_fact(&place, &found, &value)?;
            if found > *key {
                return Ok(Some(found));
            }
        }
        Ok(None)
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
        record(self.read, operation)
    }

    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey) -> Result<Vec<OpKey>, StoreError> {
        let mut keys = Vec::new();
        if *after >= self.latest {
            return Ok(keys);
        }
        match scope {
            Scope::Nothing => {}
            Scope::User(user) => {
                if let Some(user) = names::user_no(self.read, user)? {
                    for channel in self.user_channels(user)? {
                        self.user_keys(user, channel, after, upto, &mut keys)?;
                    }
                }
            }
            Scope::Channel(channel) => {
                if let Some(channel) = names::channel_no(self.read, channel)? {
                    self.channel_keys(Family::Controls, channel, after, upto, &mut keys)?;
                    self.channel_keys(Family::Messages, channel, after, upto, &mut keys)?;
                }
            }
            Scope::Member(channel, user) => {
                let (channel, user) = (names::channel_no(self.read, channel)?, names::user_no(self.read, user)?);
                if let (Some(channel), Some(user)) = (channel, user) {
                    self.user_keys(user, channel, after, upto, &mut keys)?;
                }
            }
            Scope::Issue(issue) => {
                let prefix = issues::index_prefix(issue);
                for entry in self.read.ascend(Family::Issues, &prefix, &prefix_end(&prefix))? {
                    let (key, _) = entry?;
                    let key = key.strip_prefix(prefix.as_slice()).and_then(log::parse_key);
                    let key = key.ok_or_else(|| damaged(Family::Issues, "a key is short"))?;
                    keys.extend((key > *after && key <= *upto).then_some(key));
                }
            }
        }
        Ok(keys)
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
