//! Accepted messages: their positions, and a page of them at a time. A cursor is the key of the last message seen, so pages
//! are stable whatever arrives meanwhile. A page and its positions are of one snapshot.

use dmpc::{
    ChannelId, OpKey,
    cursor::{Cursor, ForeignCursor},
};

use super::{Fingerprint, MessageView, PAGE_BYTES_MAX, Page, Reader};
use crate::{
    StoreError,
    db::Read,
    families::{ChannelNo, Family, log},
    names,
    ranks::Ranks,
    views::damaged,
};

/// Buckets that are scanned for one page; each holds at least one accepted message, and at most 256 operations.
const PAGE_BUCKETS_MAX: usize = 64;
/// Messages of a page that are read together: they share the blocks that they stand in. Of at most 512 KiB each.
const READ_TOGETHER: usize = 32;

impl Reader {
    /// Accepted messages of a channel in the order of their keys, or in the reverse one: at most `limit`, after `cursor`
    /// (empty: from the beginning, or from the end).
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn messages(
        &self,
        channel: &ChannelId,
        cursor: &[u8],
        limit: usize,
        backward: bool,
    ) -> Result<Page<MessageView>, StoreError> {
        let snapshot = self.view();
        let Some(no) = names::channel_no(&snapshot, channel)? else {
            return Ok(Page { items: Vec::new(), cursor: None });
        };
        let ranks = Ranks::new(&snapshot, &self.ranks, no)?;
        let seen = match cursor {
            [] => None,
            bytes => match Cursor::decode(bytes)? {
                Cursor::Messages(key) => Some(key),
                _ => return Err(ForeignCursor.into()),
            },
        };
        // Positions that the page may have: those after what was seen, or those before it.
        let (first, end) = match (&seen, backward) {
            (None, _) => (0, ranks.accepted()),
            (Some(key), false) => (ranks.upto(key)?, ranks.accepted()),
            (Some(key), true) => (0, ranks.position(key)?),
        };
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX).min(end - first);
        let mut page = Builder { items: Vec::new(), bytes: 0, last: None };
        let mut taken = 0;
        for _ in 0..PAGE_BUCKETS_MAX {
            if taken == wanted || page.bytes >= PAGE_BYTES_MAX {
                break;
            }
            let position = if backward { end - 1 - taken } else { first + taken };
            taken += page.take(&snapshot, &ranks, position, wanted - taken, backward)?;
        }
        let is_last = taken == end - first;
        let cursor = page.last.filter(|_| !is_last).map(|key| Cursor::Messages(key).encode());
        Ok(Page { items: page.items, cursor })
    }

    /// How many accepted messages of a channel stand before a key.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn position(&self, channel: &ChannelId, key: &OpKey) -> Result<u64, StoreError> {
        let snapshot = self.view();
        match names::channel_no(&snapshot, channel)? {
            Some(no) => Ranks::new(&snapshot, &self.ranks, no)?.position(key),
            None => Ok(0),
        }
    }

    /// What is logged of a channel (`None`: operations on users) from `from` on and before `end`, whatever its verdict.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn fingerprint(
        &self,
        channel: Option<&ChannelId>,
        from: &OpKey,
        end: &OpKey,
    ) -> Result<Fingerprint, StoreError> {
        let snapshot = self.view();
        let no = match channel {
            Some(channel) => names::channel_no(&snapshot, channel)?,
            None => Some(ChannelNo::NONE),
        };
        match no {
            Some(no) => Ranks::new(&snapshot, &self.ranks, no)?.fingerprint(from, end),
            None => Ok(Fingerprint::default()),
        }
    }
}

struct Builder {
    items: Vec<MessageView>,
    bytes: usize,
    last: Option<OpKey>,
}

impl Builder {
    /// Takes at most `wanted` messages of the bucket that holds `position`, from there on. Gives how many it took.
    fn take(
        &mut self,
        read: &impl Read,
        ranks: &Ranks<'_, impl Read>,
        position: u64,
        wanted: u64,
        backward: bool,
    ) -> Result<u64, StoreError> {
        let missing = || damaged(Family::Ranks, "a bucket counts other messages than there are");
        let (first, keys) = ranks.bucket_at(position)?.ok_or_else(missing)?;
        let mut inside: Vec<(u64, OpKey)> = (first..).zip(keys).collect();
        if backward {
            inside.reverse();
            inside.retain(|(at, _)| *at <= position);
        } else {
            inside.retain(|(at, _)| *at >= position);
        }
        if inside.first().is_none_or(|(at, _)| *at != position) {
            return Err(missing());
        }
        inside.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let before = self.items.len();
        for together in inside.chunks(READ_TOGETHER) {
            self.read(read, together)?;
        }
        Ok(u64::try_from(self.items.len() - before).unwrap_or(u64::MAX))
    }

    /// Takes these messages, until the page is full.
    fn read(&mut self, read: &impl Read, messages: &[(u64, OpKey)]) -> Result<(), StoreError> {
        if self.bytes >= PAGE_BYTES_MAX {
            return Ok(());
        }
        let keys: Vec<Vec<u8>> = messages.iter().map(|(_, key)| log::key(key).to_vec()).collect();
        for ((position, key), operation) in messages.iter().zip(read.get_many(Family::Log, &keys)?) {
            if self.bytes >= PAGE_BYTES_MAX {
                break;
            }
            let operation = operation.ok_or_else(|| damaged(Family::Log, "a projected message is missing"))?;
            self.bytes += operation.len();
            self.items.push(MessageView { position: *position, operation: operation.into() });
            self.last = Some(*key);
        }
        Ok(())
    }
}
