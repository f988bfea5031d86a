//! Local numbers of users, channels and lanes: looked up, given, and remembered in memory.

use std::collections::HashMap;

use dmpc::{ChannelId, LaneId, UserId, keys::VerifyingKey};
use foldhash::fast::RandomState;

use crate::{
    StoreError,
    db::{Batch, Db, Read},
    families::{
        ChannelNo, Family, LaneNo, UserNo,
        ids::{self, Numbered},
    },
};

/// Ids remembered in memory, for each of users, channels and lanes; over it, all are forgotten and looked up again.
const REMEMBERED_MAX: usize = 1 << 16;

/// Users, channels or lanes that one operation names at most: its members, its wraps, and those in its header.
const NAMED_MAX: u64 = 4_096;

/// Looks up the number of a user.
pub(crate) fn user_no(read: &impl Read, user: &UserId) -> Result<Option<UserNo>, StoreError> {
    Ok(lookup(read, Numbered::User, user.as_bytes())?.map(|(number, _)| UserNo(number)))
}

/// Looks up the number of a channel.
pub(crate) fn channel_no(read: &impl Read, channel: &ChannelId) -> Result<Option<ChannelNo>, StoreError> {
    Ok(lookup(read, Numbered::Channel, channel.as_bytes())?.map(|(number, _)| ChannelNo(number)))
}

/// The user with a number.
pub(crate) fn user_id(read: &impl Read, number: UserNo) -> Result<UserId, StoreError> {
    let value = read.get(Family::Ids, &Numbered::User.number_key(number.0))?;
    value.as_deref().and_then(ids::parse_user).ok_or_else(|| damaged("a user's number stands for no user"))
}

/// The channel with a number.
pub(crate) fn channel_id(read: &impl Read, number: ChannelNo) -> Result<ChannelId, StoreError> {
    let value = read.get(Family::Ids, &Numbered::Channel.number_key(number.0))?;
    value.as_deref().and_then(ids::parse_channel).ok_or_else(|| damaged("a channel's number stands for no channel"))
}

fn lookup(read: &impl Read, numbered: Numbered, id: &[u8]) -> Result<Option<(u32, bool)>, StoreError> {
    let Some(value) = read.get(Family::Ids, &numbered.key(id))? else { return Ok(None) };
    ids::parse_value(&value).map(Some).ok_or_else(|| damaged("a number is short"))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { family: Family::Ids.name(), what: what.to_owned() }
}

/// The writer's numbers: those in the store, those remembered, and those given since.
#[derive(Debug)]
pub(crate) struct Names {
    given: [u32; 3],
    remembered: [HashMap<Vec<u8>, (u32, bool), RandomState>; 3],
    /// Given or changed since the last batch was written.
    unwritten: Vec<(Numbered, Vec<u8>, (u32, bool))>,
}

impl Names {
    /// Goes on after the numbers that were given.
    pub(crate) fn new(given: [u32; 3]) -> Self {
        Self { given, remembered: Default::default(), unwritten: Vec::new() }
    }

    /// The last numbers given to users, channels and lanes.
    pub(crate) fn given(&self) -> [u32; 3] {
        self.given
    }

    /// Whether so many operations find numbers for all whom they may name.
    pub(crate) fn has_room(&self, operations: usize) -> bool {
        let named = u64::try_from(operations).unwrap_or(u64::MAX).saturating_mul(NAMED_MAX);
        self.given.iter().all(|given| u64::from(*given).saturating_add(named) < u64::from(ChannelNo::WHOLE.0))
    }

    /// The number of a user; gives it one if it has none.
    pub(crate) fn user(&mut self, db: &Db, user: &UserId) -> Result<UserNo, StoreError> {
        Ok(UserNo(self.number(db, Numbered::User, user.as_bytes())?.0))
    }

    /// The number of a channel; gives it one if it has none.
    pub(crate) fn channel(&mut self, db: &Db, channel: &ChannelId) -> Result<ChannelNo, StoreError> {
        Ok(ChannelNo(self.number(db, Numbered::Channel, channel.as_bytes())?.0))
    }

    /// The number of a lane; gives it one if it has none.
    pub(crate) fn lane(
        &mut self,
        db: &Db,
        user: &UserId,
        key: &VerifyingKey,
        lane: &LaneId,
    ) -> Result<LaneNo, StoreError> {
        Ok(LaneNo(self.number(db, Numbered::Lane, &ids::lane_id(user, key, lane))?.0))
    }

    /// The number of a channel, if it has one.
    pub(crate) fn known_channel(&mut self, db: &Db, channel: &ChannelId) -> Result<Option<ChannelNo>, StoreError> {
        Ok(self.find(db, Numbered::Channel, channel.as_bytes())?.map(|(number, _)| ChannelNo(number)))
    }

    /// Whether a user is known: a root, or created by a logged operation.
    pub(crate) fn is_known(&mut self, db: &Db, user: &UserId) -> Result<bool, StoreError> {
        Ok(self.find(db, Numbered::User, user.as_bytes())?.is_some_and(|(_, known)| known))
    }

    /// Marks a user as known; says whether it was not before.
    pub(crate) fn make_known(&mut self, db: &Db, user: &UserId) -> Result<bool, StoreError> {
        let (number, known) = self.number(db, Numbered::User, user.as_bytes())?;
        if !known {
            self.set(Numbered::User, user.as_bytes(), (number, true));
        }
        Ok(!known)
    }

    /// Puts what is unwritten into a batch.
    pub(crate) fn write(&mut self, batch: &mut Batch) {
        for (numbered, id, (number, known)) in self.unwritten.drain(..) {
            let value = match numbered {
                Numbered::User => ids::user_value(number, known),
                Numbered::Channel | Numbered::Lane => number.to_be_bytes().to_vec(),
            };
            batch.put(Family::Ids, &numbered.key(&id), &value);
            batch.put(Family::Ids, &numbered.number_key(number), &id);
        }
        self.shrink();
    }

    /// Forgets what is too much. Only when all is written: what is not could be found nowhere else.
    fn shrink(&mut self) {
        for remembered in self.remembered.iter_mut().filter(|map| map.len() >= REMEMBERED_MAX) {
            remembered.clear();
        }
    }

    fn map(&mut self, numbered: Numbered) -> &mut HashMap<Vec<u8>, (u32, bool), RandomState> {
        let [users, channels, lanes] = &mut self.remembered;
        match numbered {
            Numbered::User => users,
            Numbered::Channel => channels,
            Numbered::Lane => lanes,
        }
    }

    fn set(&mut self, numbered: Numbered, id: &[u8], value: (u32, bool)) {
        self.map(numbered).insert(id.to_vec(), value);
        self.unwritten.push((numbered, id.to_vec(), value));
    }

    fn find(&mut self, db: &Db, numbered: Numbered, id: &[u8]) -> Result<Option<(u32, bool)>, StoreError> {
        if let Some(found) = self.map(numbered).get(id) {
            return Ok(Some(*found));
        }
        let found = lookup(db, numbered, id)?;
        if let Some(value) = found {
            if self.unwritten.is_empty() {
                self.shrink();
            }
            self.map(numbered).insert(id.to_vec(), value);
        }
        Ok(found)
    }

    fn number(&mut self, db: &Db, numbered: Numbered, id: &[u8]) -> Result<(u32, bool), StoreError> {
        if let Some(found) = self.find(db, numbered, id)? {
            return Ok(found);
        }
        let [users, channels, lanes] = &mut self.given;
        let (last, what) = match numbered {
            Numbered::User => (users, "users"),
            Numbered::Channel => (channels, "channels"),
            Numbered::Lane => (lanes, "lanes"),
        };
        *last = last.checked_add(1).ok_or(StoreError::Full(what))?;
        let value = (*last, false);
        self.set(numbered, id, value);
        Ok(value)
    }
}
