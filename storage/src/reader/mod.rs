//! Reads: views of the present, pages of messages, the feed. Each call sees one consistent snapshot.

mod channels;
mod feed;
mod messages;
mod users;
mod views;

use std::sync::Arc;

pub use crate::ranks::Fingerprint;
pub use views::{Change, ChannelView, EpochView, FeedEvent, Info, MemberView, MessageView, Page, UserView};

use crate::{Genesis, StoreError, db::Db, ranks::RankCache, store::read_head};

/// Reads the store; cheap to clone, from any thread.
#[derive(Clone, Debug)]
pub struct Reader {
    db: Arc<Db>,
    genesis: Arc<Genesis>,
    ranks: Arc<RankCache>,
}

impl Reader {
    pub(crate) fn new(db: Arc<Db>, genesis: Genesis, ranks: Arc<RankCache>) -> Self {
        Self { db, genesis: Arc::new(genesis), ranks }
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
        let head = read_head(&*self.db)?;
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
