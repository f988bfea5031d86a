//! The feed of a channel: what the node learnt, in the order in which it learnt it, so that nothing learnt late is missed.

use bytes::Bytes;
use dmpc::{ChannelId, OpKey};

use super::{Change, FeedEvent, Reader};
use crate::{
    StoreError,
    db::Read,
    families::{Family, arrival, feed, log, prefix_end, records},
    names,
    store::read_head,
    views::damaged,
};

/// Bytes of operations that one call returns, but at least one event.
const EVENTS_BYTES_MAX: usize = 1024 * 1024;

impl Reader {
    /// Events of a channel after `cursor` (empty: from the beginning), in the order in which the node learnt of them.
    /// None means that there are no more yet.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`] for a cursor of another node, from before a rebuild, or past the end.
    pub fn events(&self, channel: &ChannelId, cursor: &[u8], limit: usize) -> Result<Vec<FeedEvent>, StoreError> {
        let snapshot = self.view();
        let head = read_head(&snapshot)?;
        let generation = head.generation;
        // A cursor past the end is of a history that this store lost or never had.
        let after = parse_cursor(cursor, &generation)?;
        if after > head.feed {
            return Err(StoreError::ForeignCursor);
        }
        let Some(no) = names::channel_no(&snapshot, channel)? else { return Ok(Vec::new()) };
        let from = feed::key(no, after.saturating_add(1));
        let mut events = Vec::new();
        let mut bytes = 0;
        for entry in snapshot.ascend(Family::Feed, &from, &prefix_end(&records::prefix(no)))? {
            let (key, value) = entry?;
            let sequence = feed::parse_key(&key).ok_or_else(|| damaged(Family::Feed, "a key is short"))?;
            let stored = feed::parse_value(&value).ok_or_else(|| damaged(Family::Feed, "a value is no event"))?;
            let event = event(&snapshot, stored, encode_cursor(&generation, sequence))?;
            bytes += event.operation.as_ref().map_or(0, Bytes::len);
            events.push(event);
            if events.len() >= limit || bytes >= EVENTS_BYTES_MAX {
                break;
            }
        }
        Ok(events)
    }

    /// The cursor after which every event is still to come.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn present(&self) -> Result<Bytes, StoreError> {
        let head = read_head(&self.view())?;
        Ok(encode_cursor(&head.generation, head.feed))
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

fn encode_cursor(generation: &[u8; 16], sequence: u64) -> Bytes {
    [generation.as_slice(), &sequence.to_be_bytes()].concat().into()
}

fn parse_cursor(cursor: &[u8], generation: &[u8; 16]) -> Result<u64, StoreError> {
    if cursor.is_empty() {
        return Ok(0);
    }
    let sequence = cursor.strip_prefix(generation.as_slice()).and_then(|rest| rest.try_into().ok());
    sequence.map(u64::from_be_bytes).ok_or(StoreError::ForeignCursor)
}
