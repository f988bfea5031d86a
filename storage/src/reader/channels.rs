//! Channels at present.

use dmpc::{ChannelId, KeyId, OpKey, Rights, UserId, cursor::Cursor, kinds::Kind};

use super::{ChannelView, PAGE_BYTES_MAX, Page, Reader, page::Budget};
use crate::{
    StoreError,
    db::Read,
    facts::fact_before,
    families::{
        ChannelNo, Family, UserNo, by_user,
        ids::{self, Numbered},
        prefix_end, wraps,
    },
    lost_readers, members, names,
    projection::{Register, Value},
    ranks,
    views::{damaged, record_at},
};

/// Bytes of a channel on a page, about.
const CHANNEL_BYTES: usize = 320;

impl Reader {
    /// A channel at present; `None` when no applied operation opens it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn channel(&self, id: &ChannelId) -> Result<Option<ChannelView>, StoreError> {
        channel(&self.view(), id)
    }

    /// All channels, at most `limit` from `cursor` (empty: from the beginning) on. With `member`, those alone in which
    /// that user has a right. A page may be short, or empty, where many others stand between; it has a cursor then.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn channels(
        &self,
        cursor: &[u8],
        limit: usize,
        member: Option<&UserId>,
    ) -> Result<Page<ChannelView>, StoreError> {
        let snapshot = self.view();
        let number = |cursor| match cursor {
            Cursor::Channels { generation, number } => Some((generation, number)),
            _ => None,
        };
        let after = self.place(&snapshot, cursor, number, |given| given.channels)?.unwrap_or_default();
        let member = match member {
            None => None,
            Some(user) => match names::user_no(&snapshot, user)? {
                None => return Ok(Page { items: Vec::new(), cursor: None }),
                Some(no) => Some((*user, no)),
            },
        };
        let mut budget = Budget::new(limit, PAGE_BYTES_MAX);
        let (mut items, mut last) = (Vec::new(), ChannelNo(after));
        while let Some(no) = next(&snapshot, last, member.map(|(_, no)| no))? {
            if budget.is_spent() {
                let cursor = Cursor::Channels { generation: self.generation(), number: last.0 };
                return Ok(Page { items, cursor: Some(cursor.encode()) });
            }
            budget.scan();
            last = no;
            let id = names::channel_id(&snapshot, no)?;
            if let Some((user, _)) = member
                && rights(&snapshot, &id, &user)?.is_empty()
            {
                continue;
            }
            if let Some(view) = channel(&snapshot, &id)? {
                budget.hold(CHANNEL_BYTES);
                items.push(view);
            }
        }
        Ok(Page { items, cursor: None })
    }

    /// Whether a further epoch is due before the next message: somebody who could read under the current epoch cannot any
    /// more. Whoever was removed and came back is no reason.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn epoch_due(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        let view = self.view();
        let current = fact_before(&view, &Register::ChannelCurrentEpoch(*channel), &OpKey::MAX)?;
        let (Some((introduced, value)), Some(no)) = (current, names::channel_no(&view, channel)?) else {
            return Ok(false);
        };
        let key_id = value.as_key().copied().map(KeyId::from_bytes);
        let key_id = key_id.ok_or_else(|| damaged(Family::Channels, "an epoch has no key id"))?;
        // From the latest on: most channels are decided by the first one.
        for entry in lost_readers::latest_first(&view, no)? {
            let (lost, user) = entry?;
            if lost > introduced || is_wrapped(&view, no, user, &key_id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a user may do in a channel.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn rights(&self, channel: &ChannelId, user: &UserId) -> Result<Rights, StoreError> {
        rights(&self.view(), channel, user)
    }
}

/// Whether an applied operation carries a wrap of an epoch for a user.
fn is_wrapped(read: &impl Read, channel: ChannelNo, user: UserNo, key_id: &KeyId) -> Result<bool, StoreError> {
    let prefix = wraps::prefix(user, channel, key_id);
    for entry in read.ascend(Family::Wraps, &prefix, &prefix_end(&prefix))? {
        let key = wraps::parse_key(&entry?.0).ok_or_else(|| damaged(Family::Wraps, "a key is short"))?;
        // Every kind that carries wraps is a control.
        let record = record_at(read, channel, Kind::ChannelEpoch, &key)?;
        if record.is_some_and(|record| record.verdict.is_applied()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The channel after another; of a user, the next one that an operation in it concerns the user.
fn next(read: &impl Read, after: ChannelNo, of: Option<UserNo>) -> Result<Option<ChannelNo>, StoreError> {
    let Some(from) = after.0.checked_add(1) else { return Ok(None) };
    match of {
        None => {
            let end = prefix_end(&Numbered::Channel.number_prefix());
            let entry = read.ascend(Family::Ids, &Numbered::Channel.number_key(from), &end)?.next().transpose()?;
            let number =
                entry.map(|(key, _)| ids::parse_number_key(&key).ok_or_else(|| damaged(Family::Ids, "a key is short")));
            Ok(number.transpose()?.map(ChannelNo))
        }
        Some(user) => {
            let end = prefix_end(&by_user::user_prefix(user));
            let entry = read.ascend(Family::ByUser, &by_user::channel_prefix(user, ChannelNo(from)), &end)?.next();
            let parse = |key: &[u8]| by_user::parse_key(key).ok_or_else(|| damaged(Family::ByUser, "a key is short"));
            Ok(entry.transpose()?.map(|(key, _)| parse(&key)).transpose()?.map(|(channel, _)| channel))
        }
    }
}

fn rights(read: &impl Read, channel: &ChannelId, user: &UserId) -> Result<Rights, StoreError> {
    let entry = fact_before(read, &Register::ChannelMember(*channel, *user), &OpKey::MAX)?;
    Ok(entry.map_or(Rights::NONE, |(_, value)| value.as_rights()))
}

fn channel(read: &impl Read, id: &ChannelId) -> Result<Option<ChannelView>, StoreError> {
    let opened = fact_before(read, &Register::ChannelOpened(*id), &OpKey::MAX)?;
    let (Some((at, Value::Opened(opener, name))), Some(no)) = (opened, names::channel_no(read, id)?) else {
        return Ok(None);
    };
    let closed = fact_before(read, &Register::ChannelClosed(*id), &OpKey::MAX)?;
    Ok(Some(ChannelView {
        id: *id,
        name: name.to_string(),
        opener,
        opened_at: at.timestamp,
        closed_at: closed.map(|(at, _)| at.timestamp),
        messages: ranks::accepted_in(read, no)?,
        members: members::present(read, no)?,
    }))
}
