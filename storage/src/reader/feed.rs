//! The feed of a channel: what the node learnt, in the order in which it learnt it, so that nothing learnt late is missed.

use bytes::Bytes;
use dmpc::{ChannelId, OpKey, cursor::Cursor};

use super::{Change, FeedEvent, FeedPage, PAGE_BYTES_MAX, Reader, page::Budget};
use crate::{
    StoreError,
    db::Read,
    families::{Family, arrival, feed, log, prefix_end, records},
    names,
    store::read_head,
    views::damaged,
};

impl Reader {
    /// Events of a channel after `cursor` (empty: from the beginning), in the order in which the node learnt of them.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`] for a cursor of another node or of a history that this store does not
    /// have.
    pub fn events(&self, channel: &ChannelId, cursor: &[u8], limit: usize) -> Result<FeedPage, StoreError> {
        let snapshot = self.view();
        let sequence = |cursor| match cursor {
            Cursor::Events { generation, sequence } => Some((generation, sequence)),
            _ => None,
        };
        let after = self.place(&snapshot, cursor, sequence, |given| given.feed)?.unwrap_or_default();
        let mut page = FeedPage { events: Vec::new(), is_last: true, arrivals: read_head(&snapshot)?.arrivals };
        let Some(no) = names::channel_no(&snapshot, channel)? else { return Ok(page) };
        let from = feed::key(no, after.saturating_add(1));
        let mut budget = Budget::new(limit, PAGE_BYTES_MAX);
        for entry in snapshot.ascend(Family::Feed, &from, &prefix_end(&records::prefix(no)))? {
            if budget.is_spent() {
                page.is_last = false;
                break;
            }
            let (key, value) = entry?;
            let sequence = feed::parse_key(&key).ok_or_else(|| damaged(Family::Feed, "a key is short"))?;
            let stored = feed::parse_value(&value).ok_or_else(|| damaged(Family::Feed, "a value is no event"))?;
            let event = event(&snapshot, stored, self.event_cursor(sequence))?;
            budget.hold(event.operation.as_ref().map_or(0, Bytes::len));
            page.events.push(event);
        }
        Ok(page)
    }

    /// The cursor after which every event is still to come.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn present(&self) -> Result<Bytes, StoreError> {
        Ok(self.event_cursor(read_head(&self.view())?.feed))
    }

    fn event_cursor(&self, sequence: u64) -> Bytes {
        Cursor::Events { generation: self.generation(), sequence }.encode()
    }
}

fn event(read: &impl Read, stored: feed::Stored, cursor: Bytes) -> Result<FeedEvent, StoreError> {
    let feed::Stored { arrival, change, through } = stored;
    let key = arrived(read, arrival)?;
    let through = match through {
        Some((last, count)) => Some((arrived(read, last)?, count)),
        None => None,
    };
    let operation = match change {
        Change::Retracted(_) | Change::Restored => None,
        Change::Message | Change::Opened | Change::Closed | Change::Members | Change::Epoch | Change::User => {
            let bytes = read.get(Family::Log, &log::key(&key))?;
            Some(bytes.ok_or_else(|| damaged(Family::Log, "an event tells of an operation that is missing"))?.into())
        }
    };
    Ok(FeedEvent { change, key, through, operation, cursor })
}

/// The key of what arrived at a place in the order of arrival.
fn arrived(read: &impl Read, arrival: u64) -> Result<OpKey, StoreError> {
    let key = read.get(Family::Arrival, &arrival::key(arrival))?;
    let key = key.as_deref().and_then(arrival::parse_value);
    key.ok_or_else(|| damaged(Family::Arrival, "an event tells of an arrival that is missing"))
}
