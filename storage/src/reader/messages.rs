//! Accepted messages, a page at a time. A cursor is the key of the last message seen, so pages are stable whatever
//! arrives meanwhile.

use bytes::Bytes;
use dmpc::{ChannelId, OpKey};

use super::{MessageView, Page, Reader};
use crate::{
    StoreError,
    db::{Entry, Read},
    families::{ChannelNo, Family, log, prefix_end, records},
    names, ranks,
    views::damaged,
};

/// Bytes of operations on one page.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

impl Reader {
    /// Accepted messages of a channel in the order of their keys, or in the reverse one.
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
        let (from, end) = range(no, cursor, backward)?;
        let entries = if backward {
            snapshot.descend(Family::Messages, &from, &end)?
        } else {
            snapshot.ascend(Family::Messages, &from, &end)?
        };
        let mut page = Builder { items: Vec::new(), bytes: 0, last: None, next_position: None };
        for entry in entries {
            let Some(key) = accepted(entry?)? else { continue };
            if page.items.len() >= limit || page.bytes >= PAGE_BYTES_MAX {
                let cursor = page.last.map(|key: OpKey| Bytes::copy_from_slice(&key.to_bytes()));
                return Ok(Page { items: page.items, cursor });
            }
            page.push(&snapshot, no, key, backward)?;
        }
        Ok(Page { items: page.items, cursor: None })
    }
}

struct Builder {
    items: Vec<MessageView>,
    bytes: usize,
    last: Option<OpKey>,
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
        self.bytes += operation.len();
        self.items.push(MessageView { position, operation: operation.into() });
        self.last = Some(key);
        Ok(())
    }
}

/// The stored keys of a page that goes on after `cursor`.
fn range(channel: ChannelNo, cursor: &[u8], backward: bool) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let (mut from, mut end) = (records::prefix(channel).to_vec(), prefix_end(&records::prefix(channel)));
    if !cursor.is_empty() {
        let key = OpKey::from_slice(cursor).map_err(|_| StoreError::ForeignCursor)?;
        if backward {
            end = records::key(channel, &key);
        } else {
            from = [records::key(channel, &key).as_slice(), &[0]].concat();
        }
    }
    Ok((from, end))
}

/// The key of a message that is accepted.
fn accepted((key, value): Entry) -> Result<Option<OpKey>, StoreError> {
    let record = records::parse_value(&value).ok_or_else(|| damaged(Family::Messages, "a value is no record"))?;
    let key = records::parse_key(&key).ok_or_else(|| damaged(Family::Messages, "a key is short"))?;
    Ok(record.verdict.is_applied().then_some(key))
}
