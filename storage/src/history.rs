//! The stretches of this store's history, and which places were given in which: so that a cursor of another node, of
//! before a rebuild, or of an original that went on elsewhere is told from one of this store.
//!
//! A stretch begins with each start and has a random name. A store that is put back from a copy does not have the
//! stretches that the original began after it, and knows that its last common one ended where the copy ends, because
//! its own next one begins there. Source: docs/PROTOCOL.md, "Cursors".

use dmpc::cursor::{ForeignCursor, Generation};

use crate::{
    StoreError,
    db::{Batch, Db, Read},
    families::{
        Family,
        meta::{self, Head},
    },
    views::damaged,
};

/// Stretches that are remembered; cursors of older ones are foreign.
pub const STRETCHES_MAX: usize = 1_024;

/// The last sequence and numbers that were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Of events.
    pub(crate) feed: u64,
    /// Of users.
    pub(crate) users: u32,
    /// Of channels.
    pub(crate) channels: u32,
}

impl Given {
    /// What a head says.
    pub(crate) fn of(head: &Head) -> Self {
        let [users, channels, _] = head.numbers;
        Self { feed: head.feed, users, channels }
    }
}

/// A stretch: its name, and what had been given before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) generation: Generation,
    pub(crate) before: Given,
}

/// The stretches of a store that is open, the present one last.
#[derive(Clone, Debug)]
pub(crate) struct History {
    earlier: Vec<Stretch>,
    present: Stretch,
}

impl History {
    /// Begins a stretch; it is on disk when this returns.
    pub(crate) fn begin(db: &Db, head: &Head, generation: Generation) -> Result<Self, StoreError> {
        let stored = db.get(Family::Meta, meta::HISTORY_KEY)?.unwrap_or_default();
        let mut earlier =
            meta::parse_history(&stored).ok_or_else(|| damaged(Family::Meta, "the history is unreadable"))?;
        earlier.drain(..(earlier.len() + 1).saturating_sub(STRETCHES_MAX));
        let history = Self { earlier, present: Stretch { generation, before: Given::of(head) } };
        let mut batch = Batch::default();
        batch.put(Family::Meta, meta::HISTORY_KEY, &meta::history_value(history.stretches()));
        db.write(batch)?;
        Ok(history)
    }

    /// The name of the present stretch.
    pub(crate) fn generation(&self) -> Generation {
        self.present.generation
    }

    /// What had been given when the stretch of this name ended; `now`, if it is the present one.
    pub(crate) fn end_of(&self, generation: Generation, now: Given) -> Result<Given, ForeignCursor> {
        if generation == self.present.generation {
            return Ok(now);
        }
        let mut after = self.stretches().skip_while(|stretch| stretch.generation != generation);
        // The first is the one that is meant; the one after it began where it ended.
        after.next().and_then(|_| after.next()).map(|next| next.before).ok_or(ForeignCursor)
    }

    fn stretches(&self) -> impl Iterator<Item = &Stretch> {
        self.earlier.iter().chain([&self.present])
    }
}
