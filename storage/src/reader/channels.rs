//! Channels at present.

use std::collections::BTreeMap;

use bytes::Bytes;
use dmpc::{ChannelId, KeyId, OpKey, Rights, UserId};

use super::{ChannelView, EpochView, MemberView, Page, Reader, number_cursor};
use crate::{
    StoreError,
    db::Read,
    families::{
        ChannelNo, Family, UserNo,
        by_user::{self, Roles},
        channels,
        ids::{self, Numbered},
        prefix_end,
    },
    names,
    projection::{Register, Value},
    ranks,
    views::{damaged, fact_before, operation, record},
};

impl Reader {
    /// A channel at present; `None` when no applied operation opens it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn channel(&self, id: &ChannelId) -> Result<Option<ChannelView>, StoreError> {
        channel(&self.db.snapshot(), id)
    }

    /// All channels, at most `limit` from `cursor` (empty: from the beginning) on. With `member`, those alone in which
    /// that user has a right.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn channels(
        &self,
        cursor: &[u8],
        limit: usize,
        member: Option<&UserId>,
    ) -> Result<Page<ChannelView>, StoreError> {
        let snapshot = self.db.snapshot();
        let from = Numbered::Channel.number_key(number_cursor(cursor)?.saturating_add(1));
        let mut items = Vec::new();
        let mut last = None;
        for entry in snapshot.ascend(Family::Ids, &from, &prefix_end(&Numbered::Channel.number_prefix()))? {
            let (key, value) = entry?;
            if items.len() >= limit {
                return Ok(Page { items, cursor: last });
            }
            let number = ids::parse_number_key(&key).ok_or_else(|| damaged(Family::Ids, "a key is short"))?;
            let id = ids::parse_channel(&value).ok_or_else(|| damaged(Family::Ids, "a channel is short"))?;
            last = Some(Bytes::copy_from_slice(&number.to_be_bytes()));
            if let Some(user) = member
                && rights(&snapshot, &id, user)?.is_empty()
            {
                continue;
            }
            items.extend(channel(&snapshot, &id)?);
        }
        Ok(Page { items, cursor: None })
    }

    /// The members of a channel with any right.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn members(&self, channel: &ChannelId) -> Result<Vec<MemberView>, StoreError> {
        let snapshot = self.db.snapshot();
        let Some(no) = names::channel_no(&snapshot, channel)? else { return Ok(Vec::new()) };
        let present = members(&snapshot, no)?.into_iter().filter(|(_, rights)| !rights.is_empty());
        present.map(|(user, rights)| Ok(MemberView { user: names::user_id(&snapshot, user)?, rights })).collect()
    }

    /// What a user may do in a channel.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn rights(&self, channel: &ChannelId, user: &UserId) -> Result<Rights, StoreError> {
        rights(&self.db.snapshot(), channel, user)
    }

    /// The epochs of a channel in their order; the last one is current.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn epochs(&self, channel: &ChannelId) -> Result<Vec<EpochView>, StoreError> {
        let snapshot = self.db.snapshot();
        let Some(no) = names::channel_no(&snapshot, channel)? else { return Ok(Vec::new()) };
        let prefix = channels::field_prefix(no, channels::EPOCH);
        let mut introduced: BTreeMap<KeyId, OpKey> = BTreeMap::new();
        for entry in snapshot.ascend(Family::Channels, &prefix, &prefix_end(&prefix))? {
            let (key, _) = entry?;
            let short = || damaged(Family::Channels, "a key is short");
            let key_id = channels::parse_epoch(&key).ok_or_else(short)?;
            let at = channels::epoch_place(no, &key_id).parse_key(&key).ok_or_else(short)?;
            introduced.entry(key_id).or_insert(at);
        }
        let mut epochs: Vec<_> = introduced.into_iter().map(|(key_id, at)| (at, key_id)).collect();
        epochs.sort_unstable();
        Ok(epochs.into_iter().map(|(at, key_id)| EpochView { key_id, introduced_at: at.timestamp }).collect())
    }

    /// Whether a further epoch is due before the next message: somebody who could read under the current epoch cannot any
    /// more. Whoever was removed and came back before is no reason.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn epoch_due(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        let snapshot = self.db.snapshot();
        let current = fact_before(&snapshot, &Register::ChannelCurrentEpoch(*channel), &OpKey::MAX)?;
        let (Some((introduced, _)), Some(no)) = (current, names::channel_no(&snapshot, channel)?) else {
            return Ok(false);
        };
        let prefix = channels::field_prefix(no, channels::MEMBER);
        let mut last: Option<(UserNo, Held)> = None;
        for entry in snapshot.ascend(Family::Channels, &prefix, &prefix_end(&prefix))? {
            let (key, value) = entry?;
            let short = || damaged(Family::Channels, "a key is short");
            let user = channels::parse_member(&key).ok_or_else(short)?;
            let at = channels::member_place(no, user).parse_key(&key).ok_or_else(short)?;
            let value =
                Value::from_bytes(&value).ok_or_else(|| damaged(Family::Channels, "a value is no register's"))?;
            let reads = value.as_rights().contains(Rights::READ);
            let before = last.filter(|(of, _)| *of == user);
            if before.is_none() && last.is_some_and(|(_, held)| held.is_lost()) {
                return Ok(true);
            }
            // What stood when the epoch was introduced counts, and everything since.
            let held = at > introduced && before.is_some_and(|(_, held)| held.key);
            last = Some((user, Held { key: held || reads, reads }));
        }
        Ok(last.is_some_and(|(_, held)| held.is_lost()))
    }

    /// The wraps (age bytes) for a user in a channel, of applied operations, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn wraps(&self, channel: &ChannelId, user: &UserId) -> Result<Vec<(KeyId, Bytes)>, StoreError> {
        let snapshot = self.db.snapshot();
        let numbers = (names::channel_no(&snapshot, channel)?, names::user_no(&snapshot, user)?);
        let (Some(channel_no), Some(user_no)) = numbers else { return Ok(Vec::new()) };
        let prefix = by_user::channel_prefix(user_no, channel_no);
        let mut wraps = Vec::new();
        for entry in snapshot.ascend(Family::ByUser, &prefix, &prefix_end(&prefix))? {
            let (key, roles) = entry?;
            let roles = by_user::parse_value(&roles).ok_or_else(|| damaged(Family::ByUser, "a value is empty"))?;
            if !roles.intersects(Roles::WRAPPED) {
                continue;
            }
            let (_, key) = by_user::parse_key(&key).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
            let found =
                operation(&snapshot, &key)?.ok_or_else(|| damaged(Family::Log, "an indexed operation is missing"))?;
            if !record(&snapshot, &found)?.is_some_and(|record| record.verdict.is_applied()) {
                continue;
            }
            for epoch in found.payload().wraps() {
                let own = epoch.wraps.iter().filter(|wrap| wrap.user == *user);
                wraps.extend(own.map(|wrap| (epoch.key_id, wrap.sealed.clone())));
            }
        }
        Ok(wraps)
    }
}

/// What a member, or one who was, has to do with the current epoch.
#[derive(Clone, Copy)]
struct Held {
    /// It could read under the epoch at some time.
    key: bool,
    /// It may read at present.
    reads: bool,
}

impl Held {
    const fn is_lost(self) -> bool {
        self.key && !self.reads
    }
}

fn rights(read: &impl Read, channel: &ChannelId, user: &UserId) -> Result<Rights, StoreError> {
    let entry = fact_before(read, &Register::ChannelMember(*channel, *user), &OpKey::MAX)?;
    Ok(entry.map_or(Rights::NONE, |(_, value)| value.as_rights()))
}

/// The last rights of everybody who ever was a member.
fn members(read: &impl Read, channel: ChannelNo) -> Result<BTreeMap<UserNo, Rights>, StoreError> {
    let prefix = channels::field_prefix(channel, channels::MEMBER);
    let mut members = BTreeMap::new();
    for entry in read.ascend(Family::Channels, &prefix, &prefix_end(&prefix))? {
        let (key, value) = entry?;
        let user = channels::parse_member(&key).ok_or_else(|| damaged(Family::Channels, "a key is short"))?;
        let value = Value::from_bytes(&value).ok_or_else(|| damaged(Family::Channels, "a value is no register's"))?;
        members.insert(user, value.as_rights());
    }
    Ok(members)
}

fn channel(read: &impl Read, id: &ChannelId) -> Result<Option<ChannelView>, StoreError> {
    let opened = fact_before(read, &Register::ChannelOpened(*id), &OpKey::MAX)?;
    let (Some((at, Value::Opened(opener, name))), Some(no)) = (opened, names::channel_no(read, id)?) else {
        return Ok(None);
    };
    let closed = fact_before(read, &Register::ChannelClosed(*id), &OpKey::MAX)?;
    let present = members(read, no)?.into_values().filter(|rights| !rights.is_empty()).count();
    Ok(Some(ChannelView {
        id: *id,
        name: name.to_string(),
        opener,
        opened_at: at.timestamp,
        closed_at: closed.map(|(at, _)| at.timestamp),
        messages: ranks::count(read, no)?,
        members: u64::try_from(present).unwrap_or(u64::MAX),
    }))
}
