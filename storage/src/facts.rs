//! Entries of registers in RocksDB: where they are, and what stands before, at and after a key.

use dmpc::{ChannelId, OpKey, UserId};

use crate::{
    StoreError,
    db::Read,
    families::{channels, facts::Place, issues, keys, prefix_end, users},
    names,
    projection::register::{Register, Value},
    remembered::{Entry, Stretch},
    views::damaged,
};

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
    fact_between(read, register, &OpKey::MIN, key)
}

/// The last entry of a register at or after `from`, and strictly before `key`.
pub(crate) fn fact_between(
    read: &impl Read,
    register: &Register,
    from: &OpKey,
    key: &OpKey,
) -> Result<Entry, StoreError> {
    let Some(place) = place(read, register)? else { return Ok(None) };
    let entry = read.descend(place.family, &place.key(from), &place.key(key))?.next().transpose()?;
    entry.map(|(key, value)| parse_fact(&place, &key, &value)).transpose()
}

/// The last entry of a register strictly before `key`, and up to where it stands.
pub(crate) fn stretch_before(read: &impl Read, register: &Register, key: &OpKey) -> Result<Stretch, StoreError> {
    Ok(Stretch { entry: fact_before(read, register, key)?, upto: stands_upto(read, register, key)? })
}

/// Up to where what stands before `key` stands: there is no entry between them, and one at the end, if there is an end.
pub(crate) fn stands_upto(read: &impl Read, register: &Register, key: &OpKey) -> Result<OpKey, StoreError> {
    if fact_at(read, register, key)?.is_some() {
        return Ok(*key);
    }
    Ok(fact_after(read, register, key)?.unwrap_or(OpKey::MAX))
}

/// The entry of a register at `key`.
pub(crate) fn fact_at(read: &impl Read, register: &Register, key: &OpKey) -> Result<Option<Value>, StoreError> {
    let Some(place) = place(read, register)? else { return Ok(None) };
    let value = read.get(place.family, &place.key(key))?;
    value.map(|value| parse_fact(&place, &place.key(key), &value).map(|(_, value)| value)).transpose()
}

/// The first entry of a register strictly after `key`.
pub(crate) fn fact_after(read: &impl Read, register: &Register, key: &OpKey) -> Result<Option<OpKey>, StoreError> {
    let Some(place) = place(read, register)? else { return Ok(None) };
    let from = [place.key(key).as_slice(), &[0]].concat();
    let entry = read.ascend(place.family, &from, &prefix_end(&place.prefix))?.next().transpose()?;
    entry.map(|(key, value)| parse_fact(&place, &key, &value).map(|(key, _)| key)).transpose()
}
