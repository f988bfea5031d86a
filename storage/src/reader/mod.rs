//! Reads: views of the present, pages of messages, the feed. Each call sees one consistent snapshot, and never half of a
//! re-judgement: while one is not finished, that is the snapshot of before.

mod channels;
mod feed;
mod messages;
mod users;
mod views;

use std::sync::Arc;

pub use views::{Change, ChannelView, EpochView, FeedEvent, Info, MemberView, MessageView, Page, UserView};

use crate::{
    Genesis, StoreError,
    db::{Db, Published, View},
    store::read_head,
};

/// Reads the store; cheap to clone, from any thread.
#[derive(Clone, Debug)]
pub struct Reader {
    db: Arc<Db>,
    published: Arc<Published>,
    genesis: Arc<Genesis>,
}

impl Reader {
    pub(crate) fn new(db: Arc<Db>, published: Arc<Published>, genesis: Genesis) -> Self {
        Self { db, published, genesis: Arc::new(genesis) }
    }

    /// One consistent state: that of now or, while a large re-judgement is not finished, that of before.
    fn view(&self) -> View<'_> {
        self.published.view(&self.db)
    }

    /// What the store started from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The node at a glance.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn info(&self) -> Result<Info, StoreError> {
        let head = read_head(&self.view())?;
        Ok(Info {
            node: self.genesis.node,
            roots: self.genesis.roots.clone(),
            latest: head.latest.timestamp,
            operations: head.arrivals,
            state_digest: head.digests.state_digest(&self.genesis),
            log_digest: head.digests.log_digest(),
        })
    }
}

/// The local number that a page cursor holds: the last one of the page before. Empty means the beginning.
fn number_cursor(cursor: &[u8]) -> Result<u32, StoreError> {
    match cursor {
        [] => Ok(0),
        bytes => bytes.try_into().map(u32::from_be_bytes).map_err(|_| StoreError::ForeignCursor),
    }
}
