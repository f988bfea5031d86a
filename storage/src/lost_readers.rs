//! Since when those who could read in a channel cannot any more, kept beside their history by what a batch changes: whether a
//! new epoch is due is a look at the latest of them.

use std::collections::BTreeMap;

use dmpc::{OpKey, Rights};

use crate::{
    StoreError,
    batch::Encoder,
    db::Read,
    facts::parse_fact,
    families::{ChannelNo, Family, UserNo, channels, facts::Place, members},
    projection::register::Value,
    views::damaged,
};

/// Puts what a change of one member's rights means into the batch; `changes` are the entries that it writes or takes away.
pub(crate) fn write(
    encoder: &mut Encoder<'_>,
    channel: ChannelNo,
    user: UserNo,
    changes: &BTreeMap<OpKey, &Option<Value>>,
) -> Result<(), StoreError> {
    let before = history(encoder.db, &channels::member_place(channel, user), changes)?;
    let mut after = before.clone();
    for (key, value) in changes {
        match value {
            Some(value) => after.insert(*key, value.as_rights()),
            None => after.remove(key),
        };
    }
    let (was, is) = (lost(&before), lost(&after));
    if was == is {
        return Ok(());
    }
    if let Some(at) = was {
        encoder.batch.delete(Family::Members, &members::lost_key(channel, &at, user));
    }
    if let Some(at) = is {
        encoder.batch.put(Family::Members, &members::lost_key(channel, &at, user), &[]);
    }
    Ok(())
}

/// Those who could read, and cannot at present, and since when: the latest first.
pub(crate) fn latest_first<'a>(
    read: &'a impl Read,
    channel: ChannelNo,
) -> Result<impl Iterator<Item = Result<(OpKey, UserNo), StoreError>> + 'a, StoreError> {
    // The first key after the number itself.
    let from = [members::count_key(channel).as_slice(), &[0]].concat();
    let entries = read.descend(Family::Members, &from, &members::key(channel, UserNo(1)))?;
    let short = || damaged(Family::Members, "a key is short");
    Ok(entries.map(move |entry| members::parse_lost(&entry?.0).ok_or_else(short)))
}

/// The end of a member's history: back to an entry that lets it read and stands before all that is changed.
fn history(
    read: &impl Read,
    place: &Place,
    changes: &BTreeMap<OpKey, &Option<Value>>,
) -> Result<BTreeMap<OpKey, Rights>, StoreError> {
    let first = changes.keys().next().copied().unwrap_or(OpKey::MAX);
    let mut history = BTreeMap::new();
    for entry in read.descend(place.family, &place.key(&OpKey::MIN), &place.key(&OpKey::MAX))? {
        let (key, value) = entry?;
        let (key, value) = parse_fact(place, &key, &value)?;
        history.insert(key, value.as_rights());
        if key < first && value.as_rights().contains(Rights::READ) {
            break;
        }
    }
    Ok(history)
}

/// The entry that took away the right to read, if it is not there at the end.
fn lost(history: &BTreeMap<OpKey, Rights>) -> Option<OpKey> {
    let mut taken = None;
    for (key, rights) in history.iter().rev() {
        if rights.contains(Rights::READ) {
            return taken;
        }
        taken = Some(*key);
    }
    None
}
