//! The end of a channel's feed, which all of its subscribers read: whoever comes first reads it from the store, the others take
//! what it found.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use dmpc::{ChannelId, v1};
use dmpc_storage::reader::FeedPage;
use parking_lot::Mutex;

use super::{ReadError, convert};
use crate::{config::TAIL_BYTES_MAX, feed::Published};

/// The tails of all channels that have subscribers.
#[derive(Debug, Default)]
pub(super) struct Tails(Mutex<HashMap<ChannelId, Weak<Tail>>>);

/// The tail of one channel.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<Option<Arc<Piece>>>);

/// Events after a cursor, as they are delivered.
#[derive(Debug)]
pub(super) struct Piece {
    after: Bytes,
    /// Operations of which it was known when this was read that they are in the log.
    published: u64,
    /// The events.
    pub(super) events: Vec<v1::Event>,
    /// The cursor after the last of them; `None` when there is none.
    pub(super) cursor: Option<Bytes>,
    /// Whether there were no more.
    pub(super) is_last: bool,
    /// Operations that the log had when it was read.
    pub(super) arrivals: u64,
}

impl Tails {
    /// That of a channel; all who ask for it while somebody has it are given the same.
    pub(super) fn of(&self, channel: ChannelId) -> Arc<Tail> {
        let mut tails = self.0.lock();
        if let Some(tail) = tails.get(&channel).and_then(Weak::upgrade) {
            return tail;
        }
        if tails.len() == tails.capacity() {
            tails.retain(|_, tail| tail.strong_count() > 0);
        }
        let tail = Arc::new(Tail::default());
        tails.insert(channel, Arc::downgrade(&tail));
        tail
    }
}

impl Tail {
    /// The events after a cursor: those that somebody found since the log grew last, or those that `read` finds.
    pub(super) fn after(
        self: &Arc<Self>,
        cursor: &Bytes,
        published: Published,
        read: impl FnOnce() -> Result<FeedPage, ReadError>,
    ) -> Result<Arc<Piece>, ReadError> {
        let found = self.0.lock().clone();
        if let Some(piece) = found.filter(|piece| piece.published == published.arrivals && piece.after == *cursor) {
            return Ok(piece);
        }
        let piece = Arc::new(Piece::new(cursor.clone(), published, read()?));
        // What one alone reads nobody else waits for, and who is far behind is so alone.
        if Arc::strong_count(self) > 1 && piece.is_last && piece.bytes() <= TAIL_BYTES_MAX {
            *self.0.lock() = Some(Arc::clone(&piece));
        }
        Ok(piece)
    }
}

impl Piece {
    fn new(after: Bytes, published: Published, page: FeedPage) -> Self {
        let FeedPage { events, is_last, arrivals } = page;
        let cursor = events.last().map(|last| last.cursor.clone());
        let events = events.into_iter().filter_map(convert::event).collect();
        Self { after, published: published.arrivals, events, cursor, is_last, arrivals }
    }

    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.operation.len()).sum()
    }
}
