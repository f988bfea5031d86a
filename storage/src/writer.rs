//! The one writer: dedupes, judges, logs, projects. What it returns is on disk.

mod batches;
mod rejudging;
mod tally;
mod unsynced;
mod writing;

pub use rejudging::{Rejudging, Written};
pub use tally::Tally;
pub use unsynced::{Ahead, Synced};
use unsynced::{Line, Unsynced};

use std::{cell::RefCell, fs::File, sync::Arc};

use dmpc::{Hlc, OpKey, VerifiedOperation};
use parking_lot::Mutex;

use crate::{
    Genesis, Limits, Outcome, StoreError, Submission,
    db::{Db, Published, Read},
    families::{Family, log, meta::Head},
    head_file::HeadFile,
    names::Names,
    projection::{
        engine::{Absorbed, Task, absorb},
        telling::Event,
    },
    quota::Quota,
    ranks::RankCache,
    remembered::Remembered,
    views::{DbViews, damaged},
    waiting::{Waiting, is_ahead},
};

/// The one writer of a store.
#[derive(Debug)]
pub struct Writer {
    db: Arc<Db>,
    published: Arc<Published>,
    genesis: Genesis,
    limits: Limits,
    head: Head,
    head_file: Arc<Mutex<HeadFile>>,
    names: Names,
    remembered: RefCell<Remembered>,
    waiting: Waiting,
    ranks: Arc<RankCache>,
    /// The re-judgement that is not finished.
    rejudging: Option<Rejudging>,
    /// The event that was told last and its sequence, while nobody sees it and it may go on.
    told: Option<(u64, Event)>,
    written: Written,
    /// Whether what is written now may be synced later.
    is_ahead: bool,
    unsynced: Option<Unsynced>,
    line: Arc<Line>,
    tally: Tally,
    poisoned: bool,
    /// Held as long as the store is open for writing.
    _lock: File,
}

/// What a writer begins with.
pub(crate) struct Opened {
    pub(crate) db: Arc<Db>,
    pub(crate) published: Arc<Published>,
    pub(crate) ranks: Arc<RankCache>,
    pub(crate) genesis: Genesis,
    pub(crate) limits: Limits,
    pub(crate) head: Head,
    pub(crate) head_file: HeadFile,
    pub(crate) lock: File,
}

impl Writer {
    pub(crate) fn new(opened: Opened) -> Result<Self, StoreError> {
        let Opened { db, published, ranks, genesis, limits, head, head_file, lock } = opened;
        let names = Names::new(head.numbers);
        let waiting = Waiting::load(&db, limits)?;
        let is_unfinished = db.ascend(Family::Work, &[], &[])?.next().transpose()?.is_some();
        Ok(Self {
            db,
            published,
            genesis,
            limits,
            head,
            head_file: Arc::new(Mutex::new(head_file)),
            names,
            remembered: RefCell::default(),
            waiting,
            ranks,
            rejudging: is_unfinished.then(Rejudging::default),
            told: None,
            written: Written::default(),
            is_ahead: false,
            unsynced: None,
            line: Arc::default(),
            tally: Tally::default(),
            poisoned: false,
            _lock: lock,
        })
    }

    /// Judges, logs and projects operations; all is on disk when it returns. Outcomes keep the order. What they change
    /// is judged again up to a step; the rest is left to [`Writer::step`], and readers see nothing of all that before it
    /// is done.
    ///
    /// # Errors
    /// [`StoreError`]: the store is poisoned then, and what was submitted has an unknown fate.
    pub fn commit(&mut self, batch: &[Submission], now_ms: u64) -> Result<Vec<Outcome>, StoreError> {
        self.settled(|writer| {
            let outcomes = writer.commit_batch(batch, now_ms)?;
            writer.release(now_ms)?;
            Ok(outcomes)
        })
    }

    /// Operations in the log.
    pub fn operations(&self) -> u64 {
        self.head.arrivals
    }

    /// Logs what was kept aside and is due by `now_ms`; returns how many. Call it about once a second: it also syncs
    /// what the last batch left to be synced.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn release_due(&mut self, now_ms: u64) -> Result<usize, StoreError> {
        self.settled(|writer| {
            writer.head_file.lock().tick()?;
            if writer.waiting.has_due(now_ms) { writer.release(now_ms) } else { Ok(0) }
        })
    }

    /// Logs again what was logged before, in the order of arrival. Nothing is refused or kept aside.
    pub(crate) fn relog(&mut self, batch: &[Submission]) -> Result<(), StoreError> {
        self.settled(|writer| writer.commit_new(&batch.iter().collect::<Vec<_>>(), u64::MAX, false).map(|_| ()))?;
        while self.step()?.is_some() {}
        Ok(())
    }

    /// The latest timestamp in the log.
    pub fn latest(&self) -> Hlc {
        self.head.latest.timestamp
    }

    /// The latest timestamp in the log that is not farther ahead of the clock than operations may be. It is what clients are
    /// to stamp above: what was logged while the clock was far ahead would otherwise push everybody ahead for good.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be read.
    pub fn latest_by(&self, now_ms: u64) -> Result<Hlc, StoreError> {
        if !is_ahead(&self.head.latest, now_ms, self.limits.ahead_ms) {
            return Ok(self.head.latest.timestamp);
        }
        let end = Hlc::from_millis(now_ms.saturating_add(self.limits.ahead_ms).saturating_add(1));
        let end = OpKey { timestamp: end, ..OpKey::MIN };
        match self.db.descend(Family::Log, &[], &log::key(&end))?.next().transpose()? {
            None => Ok(Hlc::ZERO),
            Some((key, _)) => {
                let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Log, "a key is short"))?;
                Ok(key.timestamp)
            }
        }
    }

    /// Milliseconds by which the latest timestamp in the log is farther ahead of the clock than operations may be; 0 as long as
    /// the clock is right and was right.
    pub fn ahead_ms(&self, now_ms: u64) -> u64 {
        self.latest().millis().saturating_sub(now_ms.saturating_add(self.limits.ahead_ms))
    }

    /// What the store started from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How often RocksDB synced its write-ahead log since the store was opened; `None` where nobody observes the process
    /// ([`crate::stage`]).
    pub fn synced(&self) -> Option<u64> {
        self.db.synced()
    }

    /// Closes the store cleanly.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] after a failed write; [`StoreError::Io`].
    pub fn close(mut self) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.settle()?;
        self.db.flush()?;
        self.head_file.lock().mark(&self.head.acknowledged(true))
    }

    /// Judges a batch and what it changes, or goes on with what earlier ones left.
    fn absorb(
        &self,
        db: &Db,
        batch: &[Arc<VerifiedOperation>],
        quota: &mut Quota<'_>,
        with_stored: bool,
    ) -> Result<Absorbed, StoreError> {
        let views = DbViews::new(db, self.head.latest, &self.remembered, &self.ranks, self.rejudging.is_some());
        let (first_arrival, told) = (self.head.arrivals + 1, self.told.map(|(_, event)| event));
        let task = Task { batch, first_arrival, step: self.limits.step, with_stored, told };
        absorb(&views, self.head.digests.clone(), task, quota)
    }

    /// The first failure poisons the store: nothing is known of what reached the disk.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        let done = work(self);
        self.poisoned = done.is_err();
        done
    }

    /// The same, when everything that was written before is synced; and so is what this writes.
    fn settled<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.guarded(|writer| {
            writer.settle()?;
            work(writer)
        })
    }
}
