//! A channel by pages: its epochs with the reader's own wraps, then its members.

use bytes::Bytes;
use dmpc::{
    ChannelId, KeyId, OpKey, UserId,
    cursor::{Cursor, ForeignCursor},
    kinds::Kind,
};

use super::{ChannelPage, EpochView, MemberView, Reader, page::Budget, users::contact};
use crate::{
    StoreError,
    db::{Read, View},
    facts::parse_fact,
    families::{ChannelNo, Family, UserNo, channels, members as family, prefix_end, wraps},
    members::rights,
    names,
    views::{damaged, operation, record_at},
};

/// Bytes of what one page holds: a sealed answer with it stays below 1 MiB.
const CHANNEL_PAGE_BYTES_MAX: usize = 512 * 1024;
/// Bytes of an epoch on a page without its wraps, about.
const EPOCH_BYTES: usize = 64;
/// Bytes of a member on a page, about.
const MEMBER_BYTES: usize = 192;

/// Where a page begins.
enum Start {
    Epochs { epoch: OpKey, wraps: OpKey },
    Members { after: u32 },
}

impl Reader {
    /// A part of a channel from `cursor` (empty: from the beginning) on: its epochs, with the wraps for `user`, then its
    /// members; at most `limit` epochs, wraps and members together. Nothing, where no applied operation opens it.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn channel_page(
        &self,
        channel: &ChannelId,
        user: &UserId,
        cursor: &[u8],
        limit: usize,
    ) -> Result<ChannelPage, StoreError> {
        let snapshot = self.view();
        let start = self.start(&snapshot, cursor)?;
        let Some(no) = names::channel_no(&snapshot, channel)? else { return Ok(ChannelPage::default()) };
        let user = names::user_no(&snapshot, user)?;
        let mut page = Filling {
            read: &snapshot,
            channel: no,
            user,
            page: ChannelPage::default(),
            budget: Budget::new(limit, CHANNEL_PAGE_BYTES_MAX),
        };
        let cursor = match start {
            Start::Epochs { epoch, wraps } => match page.epochs(epoch, wraps)? {
                None => self.members(&mut page, 0)?,
                further => further,
            },
            Start::Members { after } => self.members(&mut page, after)?,
        };
        Ok(ChannelPage { cursor: cursor.map(|cursor| cursor.encode()), ..page.page })
    }

    fn start(&self, read: &impl Read, cursor: &[u8]) -> Result<Start, StoreError> {
        if cursor.is_empty() {
            return Ok(Start::Epochs { epoch: OpKey::MIN, wraps: OpKey::MIN });
        }
        if let Cursor::Epochs { epoch, wraps } = Cursor::decode(cursor)? {
            return Ok(Start::Epochs { epoch, wraps });
        }
        let number = |cursor| match cursor {
            Cursor::Members { generation, number } => Some((generation, number)),
            _ => None,
        };
        let after = self.place(read, cursor, number, |given| given.users)?;
        Ok(Start::Members { after: after.ok_or(ForeignCursor)? })
    }

    /// Fills the page with members after the one with a number.
    fn members(&self, filling: &mut Filling<'_>, after: u32) -> Result<Option<Cursor>, StoreError> {
        let mut last = after;
        let channel = filling.channel;
        // Number 0 is the place of their count.
        let from = family::key(channel, UserNo(after.saturating_add(1)));
        for entry in filling.read.ascend(Family::Members, &from, &prefix_end(&family::prefix(channel)))? {
            let (key, value) = entry?;
            if filling.budget.is_spent() {
                return Ok(Some(Cursor::Members { generation: self.generation(), number: last }));
            }
            filling.budget.scan();
            let no = family::parse_key(&key).ok_or_else(|| damaged(Family::Members, "a key is short"))?;
            filling.member(no, &value)?;
            last = no.0;
        }
        Ok(None)
    }
}

/// A page that is being filled.
struct Filling<'a> {
    read: &'a View<'a>,
    channel: ChannelNo,
    user: Option<UserNo>,
    page: ChannelPage,
    budget: Budget,
}

impl Filling<'_> {
    fn member(&mut self, no: UserNo, value: &[u8]) -> Result<(), StoreError> {
        let user = names::user_id(self.read, no)?;
        let (display_name, keys) = contact(self.read, &user)?.unzip();
        let display_name = display_name.unwrap_or_default();
        self.budget.hold(MEMBER_BYTES);
        self.page.members.push(MemberView { user, rights: rights(value)?, display_name, keys });
        Ok(())
    }

    /// Fills the page with epochs from one on, of that one the wraps after some operation; says where it ends early.
    /// Each epoch becomes the current one once, where it is introduced: so that field's history is their order.
    fn epochs(&mut self, from: OpKey, after: OpKey) -> Result<Option<Cursor>, StoreError> {
        let place = channels::place(self.channel, channels::CURRENT_EPOCH);
        for entry in self.read.ascend(place.family, &place.key(&from), &prefix_end(&place.prefix))? {
            let (key, value) = entry?;
            let (epoch, value) = parse_fact(&place, &key, &value)?;
            if self.budget.is_spent() {
                return Ok(Some(Cursor::Epochs { epoch, wraps: OpKey::MIN }));
            }
            self.budget.scan();
            self.budget.hold(EPOCH_BYTES);
            let key_id = value.as_key().copied().map(KeyId::from_bytes);
            let key_id = key_id.ok_or_else(|| damaged(Family::Channels, "an epoch has no key id"))?;
            let after = if epoch == from { after } else { OpKey::MIN };
            let (wraps, last) = self.wraps(&key_id, after)?;
            self.page.epochs.push(EpochView { key_id, introduced_at: epoch.timestamp, wraps });
            if let Some(wraps) = last {
                return Ok(Some(Cursor::Epochs { epoch, wraps }));
            }
        }
        Ok(None)
    }

    /// The wraps of an epoch after an operation, and where the page ends among them. At least one operation is looked at.
    fn wraps(&mut self, key_id: &KeyId, after: OpKey) -> Result<(Vec<Bytes>, Option<OpKey>), StoreError> {
        let mut found = Vec::new();
        let Some(user) = self.user else { return Ok((found, None)) };
        let end = prefix_end(&wraps::prefix(user, self.channel, key_id));
        let mut last = None;
        for entry in self.read.ascend(Family::Wraps, &wraps::key(user, self.channel, key_id, &after), &end)? {
            let key = wraps::parse_key(&entry?.0).ok_or_else(|| damaged(Family::Wraps, "a key is short"))?;
            if key == after {
                continue;
            }
            if last.is_some() && self.budget.is_spent() {
                return Ok((found, last));
            }
            self.budget.scan();
            self.wrap(&key, user, key_id, &mut found)?;
            last = Some(key);
        }
        Ok((found, None))
    }

    /// The wraps that an operation carries, if it is applied.
    fn wrap(&mut self, key: &OpKey, user: UserNo, key_id: &KeyId, found: &mut Vec<Bytes>) -> Result<(), StoreError> {
        // Every kind that carries wraps is a control.
        let record = record_at(self.read, self.channel, Kind::ChannelEpoch, key)?;
        if !record.is_some_and(|record| record.verdict.is_applied()) {
            return Ok(());
        }
        let missing = || damaged(Family::Log, "an indexed operation is missing");
        let carrier = operation(self.read, key)?.ok_or_else(missing)?;
        self.budget.read(carrier.bytes().len());
        let user = names::user_id(self.read, user)?;
        for epoch in carrier.payload().wraps().iter().filter(|epoch| epoch.key_id == *key_id) {
            for wrap in epoch.wraps.iter().filter(|wrap| wrap.user == user) {
                self.budget.hold(wrap.sealed.len());
                found.push(wrap.sealed.clone());
            }
        }
        Ok(())
    }
}
