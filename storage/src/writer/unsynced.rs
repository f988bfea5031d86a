//! What is written and not synced yet. While it is synced, elsewhere, the writer judges the next batch; it writes that when the
//! sync is done. Nobody reads what is not synced, and its outcomes are not to be had before.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::Writer;
use crate::{
    Outcome, StoreError, Submission,
    db::{Db, Published},
    head_file::{Acknowledged, HeadFile},
    stage::{self, Stage},
};

/// A batch that was judged and written. Its outcomes are those of [`Ahead::sync`]. Dropped without it, it poisons the store.
#[derive(Debug)]
#[must_use]
pub struct Ahead {
    outcomes: Vec<Outcome>,
    /// What to sync; `None` where nothing was written, or it is on disk already.
    unsynced: Option<Unsynced>,
    line: Arc<Line>,
    /// The write after which all that the outcomes say is there.
    write: u64,
}

impl Ahead {
    /// Syncs what is not on disk yet, waits for what was written before, and says what became of the batch.
    ///
    /// # Errors
    /// [`StoreError`]: the store is poisoned then, and what was submitted has an unknown fate.
    pub fn sync(self) -> Result<Synced, StoreError> {
        let took = self.unsynced.and_then(Unsynced::sync);
        self.line.wait_for(self.write)?;
        Ok(Synced { outcomes: self.outcomes, took })
    }
}

/// A batch that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// What became of the operations, in their order.
    pub outcomes: Vec<Outcome>,
    /// How long its write took, its fsync included; `None` where nothing was left to be synced.
    pub took: Option<Duration>,
}

/// A batch that RocksDB has, and the disk may not have.
#[derive(Debug)]
pub(super) struct Unsynced {
    pub(super) db: Arc<Db>,
    pub(super) published: Arc<Published>,
    pub(super) head_file: Arc<Mutex<HeadFile>>,
    pub(super) acknowledged: Acknowledged,
    pub(super) line: Arc<Line>,
    /// Its place in the line.
    pub(super) write: u64,
    /// How long writing it took.
    pub(super) took: Duration,
}

impl Unsynced {
    /// Syncs it, lets HEAD know, and shows it to readers. The line says how that went; gives how long it took in all.
    fn sync(self) -> Option<Duration> {
        let begun = Instant::now();
        let done = self.try_sync();
        let took = done.is_ok().then(|| self.took + begun.elapsed());
        self.line.finish(self.write, done);
        took
    }

    fn try_sync(&self) -> Result<(), StoreError> {
        self.db.sync()?;
        stage::pass(Stage::BatchWritten)?;
        self.head_file.lock().acknowledge(&self.acknowledged)?;
        self.published.settle();
        Ok(())
    }
}

impl Drop for Unsynced {
    fn drop(&mut self) {
        self.line.finish(self.write, Err(StoreError::Poisoned));
    }
}

/// Where writes wait for one another: one at most is not synced.
#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Writes that were begun without a sync.
    begun: u64,
    /// Those of them that are synced.
    synced: u64,
    failed: Option<StoreError>,
}

impl Line {
    /// Gives a place to a write that will not be synced for a while. There is no other.
    pub(super) fn begin(&self) -> u64 {
        let mut state = self.state.lock();
        state.begun += 1;
        state.begun
    }

    /// Says how the sync of a write went, the first time.
    fn finish(&self, write: u64, done: Result<(), StoreError>) {
        let mut state = self.state.lock();
        if state.synced >= write || state.failed.is_some() {
            return;
        }
        match done {
            Ok(()) => state.synced = write,
            Err(error) => state.failed = Some(error),
        }
        self.changed.notify_all();
    }

    /// The last write that was begun.
    fn last(&self) -> u64 {
        self.state.lock().begun
    }

    /// Waits until a write and all before it are synced.
    fn wait_for(&self, write: u64) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        while state.synced < write && state.failed.is_none() {
            self.changed.wait(&mut state);
        }
        state.failed.clone().map_or(Ok(()), Err)
    }
}

impl Writer {
    /// As [`Writer::commit`], but what it writes need not be synced when this returns: that is done by [`Ahead::sync`], which
    /// any thread may call while this one goes on with the next batch. A writer has one such batch at most, and whatever writes
    /// next waits for it: so sync it before, or elsewhere, and in the order in which batches were committed.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn commit_ahead(&mut self, batch: &[Submission], now_ms: u64) -> Result<Ahead, StoreError> {
        self.guarded(|writer| {
            writer.is_ahead = true;
            let outcomes = writer.commit_batch(batch, now_ms);
            writer.is_ahead = false;
            let outcomes = outcomes?;
            writer.release(now_ms)?;
            let (line, write) = (Arc::clone(&writer.line), writer.line.last());
            Ok(Ahead { outcomes, unsynced: writer.unsynced.take(), line, write })
        })
    }

    /// Waits until everything that was written is synced.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        if let Some(took) = self.unsynced.take().and_then(Unsynced::sync) {
            self.tally.wrote(took);
        }
        self.line.wait_for(self.line.last())
    }
}
