//! Subscriptions: stored events from a cursor on, a marker, then live ones. Pulled by whoever sends them: between two
//! batches a subscription holds its cursor and nothing else; the last events of a channel are kept once for all who read them.

use std::sync::Arc;

use bytes::Bytes;
use dmpc::{ChannelId, keys::EncryptionKey, v1};
use dmpc_storage::Reader;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Inner, ReadError,
    admission::{Asker, require_present},
    answers::require_read,
    convert,
    tail::Tail,
};
use crate::{config::EVENT_BATCH_ITEMS_MAX, feed::Watch, lifecycle::Lifecycle, metrics};

/// A subscription to one channel.
#[derive(Debug)]
pub struct Subscription {
    reader: Reader,
    watch: Watch,
    lifecycle: Lifecycle,
    asker: Asker,
    reply_to: Option<EncryptionKey>,
    channel: ChannelId,
    cursor: Bytes,
    /// Whether the channel is known: until then there is nothing to deliver, and nobody to refuse.
    is_known: bool,
    is_caught_up: bool,
    /// Whether everything was read that there was when it was last read.
    is_drained: bool,
    /// What may have changed the asker's rights, as far as it was looked at.
    authorised: Option<u64>,
    tail: Arc<Tail>,
    _place: Counted,
}

/// A subscription's place; counts those that are taken.
#[derive(Debug)]
struct Counted(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Counted {
    fn new(place: OwnedSemaphorePermit) -> Self {
        ::metrics::gauge!(metrics::SUBSCRIPTIONS).increment(1.0);
        Self(place)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ::metrics::gauge!(metrics::SUBSCRIPTIONS).decrement(1.0);
    }
}

impl Subscription {
    pub(super) fn begin(
        inner: &Inner,
        asker: Asker,
        reply_to: Option<EncryptionKey>,
        channel: ChannelId,
        cursor: Bytes,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, ReadError> {
        let parts = &inner.parts;
        let mut subscription = Self {
            reader: parts.reader.clone(),
            watch: parts.feed.watch(channel),
            lifecycle: parts.lifecycle.clone(),
            asker,
            reply_to,
            channel,
            cursor,
            is_known: false,
            is_caught_up: false,
            is_drained: false,
            authorised: None,
            tail: inner.tails.of(channel),
            _place: Counted::new(place),
        };
        subscription.look()?;
        Ok(subscription)
    }

    /// The next events; waits for them. May be dropped while it waits.
    ///
    /// # Errors
    /// [`ReadError`]: the subscription has ended, for instance because the asker may no longer read.
    pub async fn next(&mut self) -> Result<v1::EventBatch, ReadError> {
        loop {
            if self.is_caught_up && self.is_drained && !self.watch.has_changed() {
                tokio::select! {
                    biased;
                    interrupted = self.lifecycle.interrupted() => return Err(interrupted.into()),
                    () = self.watch.changed() => {}
                }
            }
            // Before reading, so that what is committed meanwhile wakes this up again.
            self.watch.mark_seen();
            let events = self.read_on()?;
            if !events.is_empty() {
                return self.seal(v1::EventBatch { events, sealed: Bytes::new() });
            }
        }
    }

    /// The events after the cursor, or the marker after the last stored one; none when there are none yet.
    fn read_on(&mut self) -> Result<Vec<v1::Event>, ReadError> {
        let (reader, channel, cursor) = (&self.reader, &self.channel, &self.cursor);
        let read = || Ok(reader.events(channel, cursor, EVENT_BATCH_ITEMS_MAX)?);
        let piece = self.tail.after(cursor, self.watch.published(), read)?;
        self.is_known = self.is_known || piece.cursor.is_some();
        self.authorise(piece.arrivals)?;
        self.is_drained = piece.is_last;
        match &piece.cursor {
            Some(cursor) => self.cursor = cursor.clone(),
            None if self.is_caught_up => {}
            None => {
                self.is_caught_up = true;
                return Ok(vec![convert::caught_up(&self.cursor)]);
            }
        }
        Ok(piece.events.clone())
    }

    /// What was read when the log had so many `arrivals` is delivered only to somebody who may read it. That is looked at
    /// again unless it was since the last operation among them that may have changed it.
    fn authorise(&mut self, arrivals: u64) -> Result<(), ReadError> {
        let published = self.watch.published();
        if self.authorised == Some(published.changes) && arrivals <= published.arrivals {
            return Ok(());
        }
        self.look()?;
        self.authorised = self.is_known.then_some(published.changes);
        Ok(())
    }

    /// The asker must be active with the same key and, once the channel is known, have the right to read in it.
    fn look(&mut self) -> Result<(), ReadError> {
        require_present(&self.reader, &self.asker.user, &self.asker.key)?;
        self.is_known = self.is_known || self.reader.channel(&self.channel)?.is_some();
        if self.is_known { require_read(&self.reader, &self.asker.user, &self.channel) } else { Ok(()) }
    }

    fn seal(&self, plain: v1::EventBatch) -> Result<v1::EventBatch, ReadError> {
        match &self.reply_to {
            None => Ok(plain),
            Some(reply_to) => Ok(v1::EventBatch { events: Vec::new(), sealed: convert::seal(&plain, reply_to)? }),
        }
    }
}
