//! Local numbers as an audit looks them up: what the family `ids` says, remembered within a bound.

use std::collections::{BTreeSet, HashMap};

use dmpc::{ChannelId, LaneId, SignedOperation, UserId, keys::VerifyingKey};
use foldhash::fast::RandomState;

use crate::{
    StoreError,
    db::{Db, Read},
    families::{
        ChannelNo, Family, LaneNo, UserNo, channels,
        facts::Place,
        ids::{self, Numbered},
        issues, keys, users,
    },
    projection::register::Register,
};

/// Ids remembered in memory, for each of users, channels and lanes; over it, all are forgotten and looked up again.
const REMEMBERED_MAX: usize = 1 << 16;

/// The numbers that stand in the store.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    db: &'a Db,
    users: HashMap<UserId, Option<UserNo>, RandomState>,
    channels: HashMap<ChannelId, Option<ChannelNo>, RandomState>,
    lanes: HashMap<(UserId, VerifyingKey, LaneId), Option<LaneNo>, RandomState>,
    named: Named,
}

/// Which numbers the log gives a reason for.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) users: BTreeSet<u32>,
    pub(super) channels: BTreeSet<u32>,
    pub(super) lanes: BTreeSet<u32>,
    /// What the log names and has no number: words for people.
    pub(super) missing: BTreeSet<String>,
}

impl Named {
    pub(super) fn merge(&mut self, other: Self) {
        self.users.extend(other.users);
        self.channels.extend(other.channels);
        self.lanes.extend(other.lanes);
        self.missing.extend(other.missing);
    }
}

impl<'a> Numbers<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        let (users, channels, lanes) = (HashMap::default(), HashMap::default(), HashMap::default());
        Self { db, users, channels, lanes, named: Named::default() }
    }

    pub(super) fn into_named(self) -> Named {
        self.named
    }

    pub(super) fn user(&mut self, user: &UserId) -> Result<Option<UserNo>, StoreError> {
        if let Some(number) = self.users.get(user) {
            return Ok(*number);
        }
        let number = lookup(self.db, Numbered::User, user.as_bytes())?.map(UserNo);
        match number {
            Some(number) => self.named.users.insert(number.0),
            None => self.named.missing.insert(format!("user {user}")),
        };
        bounded(&mut self.users).insert(*user, number);
        Ok(number)
    }

    pub(super) fn channel(&mut self, channel: &ChannelId) -> Result<Option<ChannelNo>, StoreError> {
        if let Some(number) = self.channels.get(channel) {
            return Ok(*number);
        }
        let number = lookup(self.db, Numbered::Channel, channel.as_bytes())?.map(ChannelNo);
        match number {
            Some(number) => self.named.channels.insert(number.0),
            None => self.named.missing.insert(format!("channel {channel}")),
        };
        bounded(&mut self.channels).insert(*channel, number);
        Ok(number)
    }

    /// The number of an operation's channel; that of operations on users is 0.
    pub(super) fn channel_of(&mut self, operation: &SignedOperation) -> Result<Option<ChannelNo>, StoreError> {
        operation.channel().map_or(Ok(Some(ChannelNo::NONE)), |channel| self.channel(&channel))
    }

    /// The number of the lane that an operation stands in.
    pub(super) fn lane_of(&mut self, operation: &SignedOperation) -> Result<Option<LaneNo>, StoreError> {
        let (user, key, lane) = (operation.certifier(), operation.certifier_key(), operation.link().lane);
        if let Some(number) = self.lanes.get(&(user, key, lane)) {
            return Ok(*number);
        }
        let number = lookup(self.db, Numbered::Lane, &ids::lane_id(&user, &key, &lane))?.map(LaneNo);
        match number {
            Some(number) => self.named.lanes.insert(number.0),
            None => self.named.missing.insert(format!("{lane} of user {user}")),
        };
        bounded(&mut self.lanes).insert((user, key, lane), number);
        Ok(number)
    }

    /// Where a register's entries are; `None` when something has no number.
    pub(super) fn place(&mut self, register: &Register) -> Result<Option<Place>, StoreError> {
        let place = match register {
            Register::UserRoot(id) => self.user(id)?.map(|no| users::place(no, users::ROOT, 0)),
            Register::UserCreated(id) => self.user(id)?.map(|no| users::place(no, users::CREATED, 0)),
            Register::UserActive(id) => self.user(id)?.map(|no| users::place(no, users::ACTIVE, 0)),
            Register::UserPermission(id, bit) => self.user(id)?.map(|no| users::place(no, users::PERMISSION, *bit)),
            Register::UserName(id) => self.user(id)?.map(|no| users::place(no, users::NAME, 0)),
            Register::UserSigningKey(id) => self.user(id)?.map(|no| keys::place(no, keys::SIGNING)),
            Register::UserEncryptionKey(id) => self.user(id)?.map(|no| keys::place(no, keys::ENCRYPTION)),
            Register::ChannelOpened(id) => self.channel(id)?.map(|no| channels::place(no, channels::OPENED)),
            Register::ChannelClosed(id) => self.channel(id)?.map(|no| channels::place(no, channels::CLOSED)),
            Register::ChannelMember(id, member) => {
                let member = self.user(member)?;
                self.channel(id)?.zip(member).map(|(no, member)| channels::member_place(no, member))
            }
            Register::ChannelEpoch(id, key_id) => self.channel(id)?.map(|no| channels::epoch_place(no, key_id)),
            Register::ChannelCurrentEpoch(id) => {
                self.channel(id)?.map(|no| channels::place(no, channels::CURRENT_EPOCH))
            }
            Register::IssueTaken(issue) => Some(issues::taken_place(issue)),
        };
        Ok(place)
    }
}

fn bounded<K, V>(map: &mut HashMap<K, V, RandomState>) -> &mut HashMap<K, V, RandomState> {
    if map.len() >= REMEMBERED_MAX {
        map.clear();
    }
    map
}

/// The number of an id. What cannot be read counts as none; the family is looked at as a whole, too.
fn lookup(db: &Db, numbered: Numbered, id: &[u8]) -> Result<Option<u32>, StoreError> {
    let value = db.get(Family::Ids, &numbered.key(id))?;
    Ok(value.as_deref().and_then(ids::parse_value).map(|(number, _)| number))
}
