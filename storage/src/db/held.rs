//! What readers see: the database as it is; while a batch is written and not synced, as it was before that; and while a large
//! re-judgement is written step by step, as it was before it.

use std::sync::Arc;

use parking_lot::RwLock;
use self_cell::self_cell;

use super::{Db, Entries, Read, Snapshot};
use crate::{StoreError, families::Family};

self_cell!(
    /// A snapshot together with its database.
    pub(crate) struct Held {
        owner: Arc<Db>,
        #[covariant]
        dependent: Snapshot,
    }
);

/// Decides what readers see. Shared by the writer and all readers of a store.
#[derive(Default)]
pub(crate) struct Published(RwLock<States>);

/// States that readers see instead of the present one.
#[derive(Default)]
struct States {
    /// Before a re-judgement that is not finished.
    held: Option<Arc<Held>>,
    /// Before a batch that is not synced.
    synced: Option<Arc<Held>>,
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let states = self.0.read();
        write!(f, "Published {{ held: {}, synced: {} }}", states.held.is_some(), states.synced.is_some())
    }
}

impl Published {
    /// One consistent state to read from.
    pub(crate) fn view<'a>(&self, db: &'a Db) -> View<'a> {
        // Under the lock: what is written after it was decided to hold is in no snapshot that is taken here.
        let states = self.0.read();
        View::of(states.held.as_ref().or(states.synced.as_ref()), db)
    }

    /// The same, with what a re-judgement that is not finished changed so far.
    pub(crate) fn latest<'a>(&self, db: &'a Db) -> View<'a> {
        View::of(self.0.read().synced.as_ref(), db)
    }

    /// From now on readers see what is there now, whatever is written.
    pub(crate) fn hold(&self, db: &Arc<Db>) {
        let mut states = self.0.write();
        if states.held.is_none() {
            states.held = Some(now(db));
        }
    }

    /// From now on readers see everything that was written and synced.
    pub(crate) fn release(&self) {
        self.0.write().held = None;
    }

    /// All that is there now is synced, and what is written next will not be for a while: nobody reads it until then.
    pub(crate) fn defer(&self, db: &Arc<Db>) {
        self.0.write().synced = Some(now(db));
    }

    /// All that was written is synced.
    pub(crate) fn settle(&self) {
        self.0.write().synced = None;
    }
}

fn now(db: &Arc<Db>) -> Arc<Held> {
    Arc::new(Held::new(Arc::clone(db), |db| db.snapshot()))
}

/// A consistent state of the database.
pub(crate) enum View<'a> {
    /// As it was when the view was taken.
    Live(Snapshot<'a>),
    /// As it was before something that is not finished, or not synced.
    Held(Arc<Held>),
}

impl<'a> View<'a> {
    fn of(held: Option<&Arc<Held>>, db: &'a Db) -> Self {
        held.map_or_else(|| Self::Live(db.snapshot()), |held| Self::Held(Arc::clone(held)))
    }
}

impl View<'_> {
    fn snapshot(&self) -> &Snapshot<'_> {
        match self {
            Self::Live(snapshot) => snapshot,
            Self::Held(held) => held.borrow_dependent(),
        }
    }
}

impl Read for View<'_> {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.snapshot().get(family, key)
    }

    fn get_many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.snapshot().get_many(family, keys)
    }

    fn ascend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.snapshot().ascend(family, from, end)
    }

    fn descend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.snapshot().descend(family, from, end)
    }
}
