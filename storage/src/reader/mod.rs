//! Reads: views of the present, pages of messages, the feed. Each call sees one consistent snapshot, and never half of a
//! re-judgement: while one is not finished, that is the snapshot of before.

mod channel_page;
mod channels;
mod feed;
mod keys;
mod messages;
mod page;
mod scope;
mod users;
mod views;

use std::{path::Path, sync::Arc};

use dmpc::cursor::{Cursor, ForeignCursor, Generation};

pub use crate::ranks::Fingerprint;
pub(crate) use keys::whole;
pub use page::{PAGE_BYTES_MAX, READ_BYTES_MAX, SCANNED_MAX};
pub use scope::{LogHead, LogScope, ScopeKeys};
pub use views::{
    Change, ChannelPage, ChannelView, EpochView, FeedEvent, FeedPage, Found, Info, KeyView, LaneEndView, LaneView,
    MemberView, MessageView, Page, UserView,
};

use crate::{
    Genesis, StoreError,
    db::{Db, Published, Read, View},
    history::{Given, History},
    ranks::RankCache,
    store::{database, read_head},
};

/// Reads the store; cheap to clone, from any thread.
#[derive(Clone, Debug)]
pub struct Reader {
    db: Arc<Db>,
    published: Arc<Published>,
    genesis: Arc<Genesis>,
    history: Arc<History>,
    ranks: Arc<RankCache>,
}

impl Reader {
    pub(crate) fn new(
        db: Arc<Db>,
        published: Arc<Published>,
        genesis: Genesis,
        history: History,
        ranks: Arc<RankCache>,
    ) -> Self {
        Self { db, published, genesis: Arc::new(genesis), history: Arc::new(history), ranks }
    }

    /// One consistent state: that of now or, while a large re-judgement is not finished, that of before.
    fn view(&self) -> View<'_> {
        self.published.view(&self.db)
    }

    /// The same, with what a re-judgement that is not finished changed so far: what it cannot change is read from here.
    fn latest(&self) -> View<'_> {
        self.published.latest(&self.db)
    }

    /// The name of the present stretch of history.
    fn generation(&self) -> Generation {
        self.history.generation()
    }

    /// Where a page goes on; `None` from the beginning. A local place must be one that this store gave, by `given`.
    fn place<P: Copy + Ord>(
        &self,
        read: &impl Read,
        cursor: &[u8],
        local: impl Fn(Cursor) -> Option<(Generation, P)>,
        given: impl Fn(&Given) -> P,
    ) -> Result<Option<P>, StoreError> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let (generation, place) = local(Cursor::decode(cursor)?).ok_or(ForeignCursor)?;
        let end = self.history.end_of(generation, Given::of(&read_head(read)?))?;
        if place > given(&end) { Err(ForeignCursor.into()) } else { Ok(Some(place)) }
    }

    /// What the store started from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Makes a copy of the database in `db` of a directory, as it is now, while the writer goes on; tables are hard links where
    /// the file system has them. Everything that was acknowledged before the call is in it. For [`crate::backup::create`].
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn checkpoint(&self, directory: &Path) -> Result<(), StoreError> {
        self.db.checkpoint(&database(directory))
    }

    /// The node at a glance.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn info(&self) -> Result<Info, StoreError> {
        let head = read_head(&self.view())?;
        let [users, channels, _lanes] = head.numbers;
        Ok(Info {
            node: self.genesis.node,
            roots: self.genesis.roots.clone(),
            latest: head.latest.timestamp,
            operations: head.arrivals,
            users: u64::from(users),
            channels: u64::from(channels),
            state_digest: head.digests.state_digest(&self.genesis),
            log_digest: head.digests.log_digest(),
        })
    }
}
