//! Accepted messages, a page at a time. A cursor is the key of the last message looked at, so pages are stable whatever
//! arrives meanwhile.

use dmpc::{
    ChannelId, OpKey,
    cursor::{Cursor, ForeignCursor},
};

use super::{MessageView, PAGE_BYTES_MAX, Page, Reader, page::Budget};
use crate::{
    StoreError,
    db::{Entry, Read},
    families::{ChannelNo, Family, log, prefix_end, records},
    names, ranks,
    views::damaged,
};

impl Reader {
    /// Accepted messages of a channel in the order of their keys, or in the reverse one. A page may be short, or empty,
    /// where many that are not accepted stand between; it has a cursor then.
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
        let snapshot = self.db.snapshot();
        let Some(no) = names::channel_no(&snapshot, channel)? else {
            return Ok(Page { items: Vec::new(), cursor: None });
        };
        let (from, end) = range(no, cursor, backward)?;
        let entries = if backward {
            snapshot.descend(Family::Messages, &from, &end)?
        } else {
            snapshot.ascend(Family::Messages, &from, &end)?
        };
        let budget = Budget::new(limit, PAGE_BYTES_MAX);
        let mut page = Builder { items: Vec::new(), budget, next_position: None };
        let mut last = None;
        for entry in entries {
            let entry = entry?;
            if page.budget.is_spent() {
                return Ok(Page { items: page.items, cursor: last.map(|key| Cursor::Messages(key).encode()) });
            }
            page.budget.scan();
            let (key, is_accepted) = message(entry)?;
            if is_accepted {
                page.push(&snapshot, no, key, backward)?;
            }
            last = Some(key);
        }
        Ok(Page { items: page.items, cursor: None })
    }
}

struct Builder {
    items: Vec<MessageView>,
    budget: Budget,
    next_position: Option<u64>,
}

impl Builder {
    fn push(&mut self, read: &impl Read, channel: ChannelNo, key: OpKey, backward: bool) -> Result<(), StoreError> {
        let operation = read.get(Family::Log, &log::key(&key))?;
        let operation = operation.ok_or_else(|| damaged(Family::Log, "a projected message is missing"))?;
        let position = match self.next_position {
            Some(position) => position,
            None => ranks::position(read, channel, &key)?,
        };
        self.next_position = if backward { position.checked_sub(1) } else { position.checked_add(1) };
        self.budget.hold(operation.len());
        self.items.push(MessageView { position, operation: operation.into() });
        Ok(())
    }
}

/// The stored keys of a page that goes on after `cursor`.
fn range(channel: ChannelNo, cursor: &[u8], backward: bool) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let (mut from, mut end) = (records::prefix(channel).to_vec(), prefix_end(&records::prefix(channel)));
    if !cursor.is_empty() {
        let Cursor::Messages(key) = Cursor::decode(cursor)? else { return Err(ForeignCursor.into()) };
        if backward {
            end = records::key(channel, &key);
        } else {
            from = [records::key(channel, &key).as_slice(), &[0]].concat();
        }
    }
    Ok((from, end))
}

/// The key of a message, and whether it is accepted.
fn message((key, value): Entry) -> Result<(OpKey, bool), StoreError> {
    let record = records::parse_value(&value).ok_or_else(|| damaged(Family::Messages, "a value is no record"))?;
    let key = records::parse_key(&key).ok_or_else(|| damaged(Family::Messages, "a key is short"))?;
    Ok((key, record.verdict.is_applied()))
}
