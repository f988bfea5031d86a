//! From what a batch changed to what is written: every family, in one atomic write.

use std::collections::BTreeMap;

use dmpc::{OpKey, VerifiedOperation, kinds::Kind};

use crate::{
    StoreError,
    concerned::concerned,
    db::{Batch, Db},
    families::{
        ChannelNo, Family, arrival,
        by_user::{self, Roles},
        channels,
        facts::Place,
        feed, issues, keys, lanes, log, records, users, work, wraps,
    },
    members,
    names::Names,
    projection::{
        overlay::{Changes, Remembered},
        register::{Register, Value},
        telling::Event,
        work::WorkChanges,
    },
    quota::Quota,
    ranks::{RankCache, RankChanges, RankUpdate},
};

/// Puts a batch together.
pub(crate) struct Encoder<'a> {
    pub(crate) db: &'a Db,
    pub(crate) names: &'a mut Names,
    pub(crate) batch: &'a mut Batch,
}

impl Encoder<'_> {
    /// The log and its indexes: what is written once for a new operation.
    pub(crate) fn log(&mut self, operation: &VerifiedOperation, arrived: u64) -> Result<(), StoreError> {
        let key = operation.key();
        self.put(Family::Log, &log::key(&key), operation.bytes());
        self.put(Family::Arrival, &arrival::key(arrived), &arrival::value(&key));
        if let Some(issue) = operation.issue() {
            self.put(Family::Issues, &issues::index_key(&issue, &key), &[]);
        }
        let link = operation.link();
        let lane = self.names.lane(self.db, &operation.certifier(), &operation.certifier_key(), &link.lane)?;
        let channel = self.channel(operation)?;
        let place = lanes::value(key.timestamp, channel, &link.prev);
        self.put(Family::Lanes, &lanes::key(lane, link.seq, &key.id), &place);
        for (user, roles) in concerned(operation) {
            let user = self.names.user(self.db, &user)?;
            self.put(Family::ByUser, &by_user::key(user, channel, &key), &[roles.0]);
            if operation.kind() == Kind::ChannelOpen && roles.intersects(Roles::AUTHOR) {
                self.put(Family::ByUser, &by_user::key(user, ChannelNo::NONE, &key), &[Roles::AUTHOR.0]);
            }
        }
        for epoch in operation.payload().wraps() {
            for wrap in &epoch.wraps {
                let user = self.names.user(self.db, &wrap.user)?;
                self.put(Family::Wraps, &wraps::key(user, channel, &epoch.key_id, &key), &[]);
            }
        }
        Ok(())
    }

    /// Entries of registers.
    pub(crate) fn facts(&mut self, facts: &BTreeMap<(Register, OpKey), Option<Value>>) -> Result<(), StoreError> {
        for ((register, key), value) in facts {
            let place = self.place(register)?;
            match value {
                Some(value) => self.put(place.family, &place.key(key), &value.to_bytes()),
                None => self.batch.delete(place.family, &place.key(key)),
            }
        }
        members::write(self, facts)
    }

    /// Records of operations, ranks, and who pays for what has no effect. Gives what changes in ranks.
    pub(crate) fn records(
        &mut self,
        changes: &Changes,
        quota: &mut Quota<'_>,
        cache: &RankCache,
    ) -> Result<Vec<RankUpdate>, StoreError> {
        let mut ranks: BTreeMap<ChannelNo, RankChanges> = BTreeMap::new();
        for (key, Remembered { operation, old, record }) in &changes.records {
            let channel = self.channel(operation)?;
            let kind = operation.kind();
            let is_new = old.is_none();
            let was_applied = old.is_some_and(|record| record.verdict.is_applied());
            let is_applied = record.verdict.is_applied();
            self.put(records::family(kind), &records::key(channel, key), &records::value(record));
            match (was_applied, is_applied) {
                (false, true) if !is_new => quota.discharge(self.batch, operation)?,
                (true, false) => quota.charge(operation, record.verdict)?,
                (false, false | true) | (true, true) => {}
            }
            let is_message = kind == Kind::ChannelMessage;
            let of_channel = ranks.entry(channel).or_default();
            of_channel.note(*key, is_new, is_message && was_applied, is_message && is_applied);
            ranks.entry(ChannelNo::WHOLE).or_default().note(*key, is_new, false, false);
        }
        let changed = ranks.iter().filter(|(_, ranks)| !ranks.is_empty());
        changed.map(|(channel, ranks)| ranks.write(self.db, cache, self.batch, *channel)).collect()
    }

    /// Events, numbered from `first` on.
    pub(crate) fn events(&mut self, events: &[Event], first: u64) -> Result<(), StoreError> {
        for (event, sequence) in events.iter().zip(first..) {
            let channel = match &event.channel {
                Some(id) => self.names.channel(self.db, id)?,
                None => ChannelNo::NONE,
            };
            let through = event.through.map(|through| (through.arrival, through.count));
            let stored = feed::Stored { arrival: event.arrival, change: event.change, through };
            self.put(Family::Feed, &feed::key(channel, sequence), &feed::value(&stored));
        }
        Ok(())
    }

    /// What is still to be judged again.
    pub(crate) fn work(&mut self, changes: &WorkChanges) {
        for done in &changes.done {
            self.batch.delete(Family::Work, &work::key(done));
        }
        for (todo, cause) in &changes.todo {
            self.put(Family::Work, &work::key(todo), &work::value(cause));
        }
    }

    fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        self.batch.put(family, key, value);
    }

    fn channel(&mut self, operation: &VerifiedOperation) -> Result<ChannelNo, StoreError> {
        match operation.channel() {
            Some(id) => self.names.channel(self.db, &id),
            None => Ok(ChannelNo::NONE),
        }
    }

    /// Where a register's entries are; gives numbers where there are none yet.
    fn place(&mut self, register: &Register) -> Result<Place, StoreError> {
        let (db, names) = (self.db, &mut *self.names);
        Ok(match register {
            Register::UserRoot(id) => users::place(names.user(db, id)?, users::ROOT, 0),
            Register::UserCreated(id) => users::place(names.user(db, id)?, users::CREATED, 0),
            Register::UserActive(id) => users::place(names.user(db, id)?, users::ACTIVE, 0),
            Register::UserPermission(id, bit) => users::place(names.user(db, id)?, users::PERMISSION, *bit),
            Register::UserName(id) => users::place(names.user(db, id)?, users::NAME, 0),
            Register::UserSigningKey(id) => keys::place(names.user(db, id)?, keys::SIGNING),
            Register::UserEncryptionKey(id) => keys::place(names.user(db, id)?, keys::ENCRYPTION),
            Register::ChannelOpened(id) => channels::place(names.channel(db, id)?, channels::OPENED),
            Register::ChannelClosed(id) => channels::place(names.channel(db, id)?, channels::CLOSED),
            Register::ChannelMember(id, user) => channels::member_place(names.channel(db, id)?, names.user(db, user)?),
            Register::ChannelEpoch(id, key_id) => channels::epoch_place(names.channel(db, id)?, key_id),
            Register::ChannelCurrentEpoch(id) => channels::place(names.channel(db, id)?, channels::CURRENT_EPOCH),
            Register::IssueTaken(issue) => issues::taken_place(issue),
        })
    }
}
