//! The members of channels at present: kept beside their history by what a batch changes, so that pages of them and their
//! number cost what they show.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{OpKey, Rights};

use crate::{
    StoreError,
    batch::Encoder,
    db::{Db, Read},
    facts::parse_fact,
    families::{ChannelNo, Family, channels, facts::Place, members},
    lost_readers,
    projection::register::{Register, Value},
    views::damaged,
};

/// Puts what becomes of the members into the batch; `facts` are the entries that it changes.
pub(crate) fn write(
    encoder: &mut Encoder<'_>,
    facts: &BTreeMap<(Register, OpKey), Option<Value>>,
) -> Result<(), StoreError> {
    let mut counts: BTreeMap<ChannelNo, u64> = BTreeMap::new();
    let registers: BTreeSet<Register> = facts.keys().map(|(register, _)| *register).collect();
    for register in registers {
        let Register::ChannelMember(channel, user) = register else { continue };
        let (channel, user) = (encoder.names.channel(encoder.db, &channel)?, encoder.names.user(encoder.db, &user)?);
        let changes =
            facts.range((register, OpKey::MIN)..=(register, OpKey::MAX)).map(|((_, key), value)| (*key, value));
        let changes = changes.collect();
        lost_readers::write(encoder, channel, user, &changes)?;
        let last = last(encoder.db, &channels::member_place(channel, user), &changes)?;
        let key = members::key(channel, user);
        let was = encoder.db.get(Family::Members, &key)?.is_some();
        let mut count = match counts.get(&channel) {
            Some(count) => *count,
            None => present(encoder.db, channel)?,
        };
        match (was, last.is_empty()) {
            (false, true) => continue,
            (true, true) => {
                count = count.saturating_sub(1);
                encoder.batch.delete(Family::Members, &key);
            }
            (was, false) => {
                count += u64::from(!was);
                encoder.batch.put(Family::Members, &key, &[last.bits()]);
            }
        }
        counts.insert(channel, count);
    }
    for (channel, count) in counts {
        encoder.batch.put(Family::Members, &members::count_key(channel), &count.to_be_bytes());
    }
    Ok(())
}

/// How many members a channel has.
pub(crate) fn present(read: &impl Read, channel: ChannelNo) -> Result<u64, StoreError> {
    let Some(count) = read.get(Family::Members, &members::count_key(channel))? else { return Ok(0) };
    members::parse_count(&count).ok_or_else(|| damaged(Family::Members, "a number is short"))
}

/// The rights of a stored value.
pub(crate) fn rights(value: &[u8]) -> Result<Rights, StoreError> {
    members::parse_value(value).ok_or_else(|| damaged(Family::Members, "a value is no rights"))
}

/// The rights of the last entry, once the changes are made.
fn last(db: &Db, place: &Place, changes: &BTreeMap<OpKey, &Option<Value>>) -> Result<Rights, StoreError> {
    let mut last = changes.iter().rev().find_map(|(key, value)| Some((*key, value.as_ref()?.as_rights())));
    for entry in db.descend(place.family, &place.key(&OpKey::MIN), &place.key(&OpKey::MAX))? {
        let (key, value) = entry?;
        let (key, value) = parse_fact(place, &key, &value)?;
        if !changes.contains_key(&key) {
            let is_later = last.is_none_or(|(changed, _)| changed < key);
            last = if is_later { Some((key, value.as_rights())) } else { last };
            break;
        }
    }
    Ok(last.map_or(Rights::NONE, |(_, rights)| rights))
}
