//! The one writer: dedupes, judges, logs, projects. What it returns is on disk.

mod rejudging;
mod tally;

pub use rejudging::{Rejudging, Written};
pub use tally::Tally;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    sync::Arc,
    time::Instant,
};

use dmpc::{Hlc, OpKey, UserId, VerifiedOperation, kinds::Payload};

use crate::{
    Genesis, Limits, Outcome, StoreError, Submission, Verdict,
    batch::Encoder,
    db::{Batch, Db, Published, Read},
    families::{
        Family, log,
        meta::{self, Head},
    },
    head_file::HeadFile,
    names::Names,
    outcome::{Refusal, Source, Wait},
    projection::{
        engine::{Absorbed, Task, absorb},
        telling::Event,
    },
    quota::{self, Quota},
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
    head_file: HeadFile,
    names: Names,
    remembered: RefCell<Remembered>,
    waiting: Waiting,
    ranks: Arc<RankCache>,
    /// The re-judgement that is not finished.
    rejudging: Option<Rejudging>,
    /// The event that was told last and its sequence, while nobody sees it and it may go on.
    told: Option<(u64, Event)>,
    written: Written,
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

/// What became of the operations of one batch that were not in the log.
type Fates = BTreeMap<OpKey, Outcome>;

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
            head_file,
            names,
            remembered: RefCell::default(),
            waiting,
            ranks,
            rejudging: is_unfinished.then(Rejudging::default),
            told: None,
            written: Written::default(),
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
        self.guarded(|writer| {
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
        self.guarded(|writer| {
            writer.head_file.tick(now_ms)?;
            if writer.waiting.has_due(now_ms) { writer.release(now_ms) } else { Ok(0) }
        })
    }

    /// Logs again what was logged before, in the order of arrival. Nothing is refused or kept aside.
    pub(crate) fn relog(&mut self, batch: &[Submission]) -> Result<(), StoreError> {
        self.guarded(|writer| writer.commit_new(&batch.iter().collect::<Vec<_>>(), u64::MAX, false).map(|_| ()))?;
        while self.step()?.is_some() {}
        Ok(())
    }

    /// The latest timestamp in the log.
    pub fn latest(&self) -> Hlc {
        self.head.latest.timestamp
    }

    /// What the store started from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Closes the store cleanly.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] after a failed write; [`StoreError::Io`].
    pub fn close(mut self) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.db.flush()?;
        self.head_file.mark(&self.head.acknowledged(true))
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

    fn commit_batch(&mut self, submissions: &[Submission], now_ms: u64) -> Result<Vec<Outcome>, StoreError> {
        let keys: Vec<OpKey> = submissions.iter().map(|submission| submission.operation.key()).collect();
        let logged = quota::logged(&self.db, &keys)?;
        let mut seen = BTreeSet::new();
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(keys.len());
        for (key, is_logged) in keys.iter().zip(logged) {
            let duplicate = is_logged || self.waiting.contains(key) || !seen.insert(*key);
            outcomes.push(duplicate.then_some(Outcome::Duplicate));
        }
        let new = submissions.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_none());
        let new: Vec<&Submission> = new.map(|(submission, _)| submission).collect();
        // Before anything is changed: a batch that ran out of numbers half-way could not be taken back.
        let fates = if self.names.has_room(new.len()) {
            self.commit_new(&new, now_ms, true)?
        } else {
            let refused = Outcome::Refused(Refusal::StoreFull);
            new.iter().map(|submission| (submission.operation.key(), refused)).collect()
        };
        // A duplicate within the batch shares the fate of the first, if that was refused.
        let outcome = |(duplicate, key): (Option<Outcome>, &OpKey)| match (duplicate, fates.get(key)) {
            (None, Some(fate)) | (Some(_), Some(fate @ Outcome::Refused(_))) => Ok(*fate),
            (Some(duplicate), _) => Ok(duplicate),
            (None, None) => Err(damaged(Family::Log, format!("nothing became of {key:?}"))),
        };
        outcomes.into_iter().zip(&keys).map(outcome).collect()
    }

    /// Logs what was kept aside and may be logged now, until nothing more can be.
    fn release(&mut self, now_ms: u64) -> Result<usize, StoreError> {
        let mut released = 0;
        let released_max = self.limits.released_operations.max(1);
        while self.waiting.has_due(now_ms) && self.names.has_room(released_max) {
            let (db, names) = (&self.db, &mut self.names);
            let due = self.waiting.take(now_ms, released_max, |user| names.is_known(db, user))?;
            if due.is_empty() {
                break;
            }
            released += due.len();
            let due: Vec<Submission> =
                due.into_iter().map(|(source, operation)| Submission { operation, source }).collect();
            self.commit_new(&due.iter().collect::<Vec<_>>(), now_ms, false)?;
        }
        Ok(released)
    }

    /// Commits operations that are not in the log. `live` says that they come from a client right now.
    fn commit_new(&mut self, new: &[&Submission], now_ms: u64, live: bool) -> Result<Fates, StoreError> {
        if new.is_empty() {
            return Ok(Fates::new());
        }
        let mut fates = Fates::new();
        let mut batch = Batch::default();
        let sorted = self.sort(new, now_ms)?;
        if !live {
            for submission in new {
                batch.delete(&self.db, Family::Waiting, &log::key(&submission.operation.key()))?;
            }
        }
        let db = Arc::clone(&self.db);
        let mut quota = Quota::new(&db, self.limits, live.then_some(now_ms), &sorted.logged)?;
        let absorbed = self.absorb(&db, &sorted.logged, &mut quota, false)?;
        if let Some(rest) = without_refused_creates(new, &absorbed.refused) {
            // Somebody became known by an operation that is not logged: what that admitted is judged again without it.
            return self.commit_without(&rest, &absorbed.refused, now_ms, live);
        }
        let mut aside = 0;
        for (operation, source, wait) in &sorted.aside {
            // What waits for the clock is logged later without being refused, so a full account ends here already.
            if *wait == Wait::Future && quota.is_full_for(operation, None)? {
                fates.insert(operation.key(), Outcome::Refused(Refusal::QuotaFull));
                continue;
            }
            let kept = self.waiting.keep(&self.db, &mut batch, *wait, *source, operation)?;
            aside += u64::from(kept.is_ok());
            let outcome = kept.map_or_else(Outcome::Refused, |()| Outcome::Waiting(*wait));
            fates.insert(operation.key(), outcome);
        }
        fates.extend(absorbed.refused.iter().map(|(key, refusal)| (*key, Outcome::Refused(*refusal))));
        fates.extend(sorted.logged.iter().filter_map(|operation| {
            let remembered = absorbed.changes.records.get(&operation.key())?;
            Some((operation.key(), outcome(remembered.record.verdict)))
        }));
        let progress = self.progress(&absorbed, false);
        self.write(batch, absorbed, quota, (&sorted.logged, aside), progress, now_ms)?;
        Ok(fates)
    }

    /// Judges a batch and what it changes, or goes on with what earlier ones left.
    fn absorb(
        &self,
        db: &Db,
        batch: &[Arc<VerifiedOperation>],
        quota: &mut Quota<'_>,
        with_stored: bool,
    ) -> Result<Absorbed, StoreError> {
        let views = DbViews::new(db, self.head.latest, &self.remembered, self.rejudging.is_some());
        let (first_arrival, told) = (self.head.arrivals + 1, self.told.map(|(_, event)| event));
        let task = Task { batch, first_arrival, step: self.limits.step, with_stored, told };
        absorb(&views, self.head.digests.clone(), task, quota)
    }

    fn commit_without(
        &mut self,
        rest: &[&Submission],
        refused: &BTreeMap<OpKey, Refusal>,
        now_ms: u64,
        live: bool,
    ) -> Result<Fates, StoreError> {
        let mut fates = self.commit_new(rest, now_ms, live)?;
        let gone = refused.iter().map(|(key, refusal)| (*key, Outcome::Refused(*refusal)));
        for (key, outcome) in gone {
            fates.entry(key).or_insert(outcome);
        }
        Ok(fates)
    }

    /// Sorts new operations into those that are logged and those that are kept aside.
    fn sort(&mut self, new: &[&Submission], now_ms: u64) -> Result<Sorted, StoreError> {
        let mut sorted = Sorted::default();
        let mut introduced: BTreeSet<UserId> = BTreeSet::new();
        for Submission { operation, source } in new {
            let certifier = operation.certifier();
            let wait = if is_ahead(&operation.key(), now_ms, self.limits.ahead_ms) {
                Some(Wait::Future)
            } else if introduced.contains(&certifier) || self.names.is_known(&self.db, &certifier)? {
                None
            } else {
                Some(Wait::UnknownCertifier)
            };
            match wait {
                Some(wait) => sorted.aside.push((operation.clone(), *source, wait)),
                None => {
                    if let Payload::UserCreate(create) = operation.payload() {
                        introduced.insert(create.user);
                    }
                    sorted.logged.push(Arc::new(operation.clone()));
                }
            }
        }
        Ok(sorted)
    }

    /// Writes one batch over all families, remembers that it is about to be acknowledged, and goes on from there.
    fn write(
        &mut self,
        mut batch: Batch,
        absorbed: Absorbed,
        mut quota: Quota<'_>,
        (logged, aside): (&[Arc<VerifiedOperation>], u64),
        progress: Option<Rejudging>,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let mut head = self.head.clone();
        head.kept += aside;
        let db = Arc::clone(&self.db);
        let mut encoder = Encoder { db: &db, names: &mut self.names, batch: &mut batch };
        for operation in logged.iter().filter(|operation| absorbed.changes.added.contains_key(&operation.key())) {
            head.arrivals += 1;
            head.last = operation.key();
            head.latest = head.latest.max(operation.key());
            encoder.log(operation, head.arrivals)?;
            if let Payload::UserCreate(create) = operation.payload()
                && encoder.names.make_known(&db, &create.user)?
            {
                quota.introduce(operation, create)?;
                self.waiting.make_known(create.user);
            }
        }
        encoder.facts(&absorbed.changes.facts)?;
        let ranked = encoder.records(&absorbed.changes, &mut quota, &self.ranks)?;
        encoder.work(&absorbed.work)?;
        let told = absorbed.told;
        if let (Some((sequence, _)), Some(continued)) = (self.told, told.continued) {
            encoder.events(&[continued], sequence)?;
        }
        let first_event = head.feed + 1;
        encoder.events(&told.events, first_event)?;
        head.feed += u64::try_from(told.events.len()).unwrap_or_default();
        head.digests = absorbed.digests;
        quota.write(&mut batch, &mut self.names)?;
        self.names.write(&db, &mut batch)?;
        head.numbers = self.names.given();
        batch.put(&db, Family::Meta, meta::HEAD_KEY, &head.value())?;
        let (entries, bytes) = batch.size();
        let judged = absorbed.judged.values().sum();
        if progress.is_some() {
            self.published.hold(&db);
        }
        // Before the write: who sees it looks for sums of this version.
        self.ranks.publish(&ranked);
        let begun = Instant::now();
        db.write(batch)?;
        self.tally.wrote(begun.elapsed());
        let before = self.told.as_ref().map(|(_, event)| event);
        told.continued.iter().for_each(|event| self.tally.told(event, before));
        told.events.iter().for_each(|event| self.tally.told(event, None));
        if (head.arrivals, head.kept) != (self.head.arrivals, self.head.kept) {
            self.head_file.acknowledge(&head.acknowledged(false), now_ms)?;
        }
        self.remembered.get_mut().change(absorbed.changes.facts);
        // What readers see already does not change any more.
        let last = told.last.filter(|_| progress.is_some());
        self.told = last.and_then(|(event, place)| {
            let sequence = match place {
                Some(place) => Some(first_event + u64::try_from(place).unwrap_or_default()),
                None => self.told.map(|(sequence, _)| sequence),
            };
            sequence.map(|sequence| (sequence, event))
        });
        self.written = Written { entries, bytes, judged };
        self.head = head;
        self.rejudging = progress;
        if progress.is_none() {
            self.published.release();
        }
        Ok(())
    }
}

/// New operations, sorted.
#[derive(Default)]
struct Sorted {
    logged: Vec<Arc<VerifiedOperation>>,
    aside: Vec<(VerifiedOperation, Source, Wait)>,
}

/// What remains of a batch of which a creation was refused; `None` when none was.
fn without_refused_creates<'a>(
    new: &[&'a Submission],
    refused: &BTreeMap<OpKey, Refusal>,
) -> Option<Vec<&'a Submission>> {
    let is_refused_create = |submission: &&&Submission| {
        let operation = &submission.operation;
        matches!(operation.payload(), Payload::UserCreate(_)) && refused.contains_key(&operation.key())
    };
    let any = new.iter().any(|submission| is_refused_create(&submission));
    any.then(|| new.iter().filter(|submission| !is_refused_create(submission)).copied().collect())
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Applied => Outcome::Applied,
        Verdict::Pending(missing) => Outcome::Pending(missing),
        Verdict::Rejected(rejection) => Outcome::Rejected(rejection),
    }
}
