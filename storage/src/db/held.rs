//! What readers see: the database as it is, or, while a large re-judgement is written step by step, as it was before it.

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
pub(crate) struct Published(RwLock<Option<Arc<Held>>>);

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Published {{ held: {} }}", self.0.read().is_some())
    }
}

impl Published {
    /// One consistent state to read from.
    pub(crate) fn view<'a>(&self, db: &'a Db) -> View<'a> {
        // Under the lock: what is written after it was decided to hold is in no snapshot that is taken here.
        let held = self.0.read();
        match &*held {
            Some(held) => View::Held(Arc::clone(held)),
            None => View::Live(db.snapshot()),
        }
    }

    /// From now on readers see what is there now, whatever is written.
    pub(crate) fn hold(&self, db: &Arc<Db>) {
        let mut held = self.0.write();
        if held.is_none() {
            *held = Some(Arc::new(Held::new(Arc::clone(db), |db| db.snapshot())));
        }
    }

    /// From now on readers see everything that was written.
    pub(crate) fn release(&self) {
        *self.0.write() = None;
    }
}

/// A consistent state of the database.
pub(crate) enum View<'a> {
    /// As it was when the view was taken.
    Live(Snapshot<'a>),
    /// As it was before a re-judgement that is not finished.
    Held(Arc<Held>),
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
