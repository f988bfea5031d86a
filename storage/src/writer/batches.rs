//! What becomes of a batch: what is in the log already is a duplicate, what cannot be logged yet is kept aside, the rest is
//! judged and written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dmpc::{
    OpKey, UserId, VerifiedOperation,
    kinds::{Kind, Payload},
};

use super::Writer;
use crate::{
    Outcome, StoreError, Submission, Verdict,
    db::Batch,
    families::{ChannelNo, Family, log, records},
    outcome::{Refusal, Source, Wait},
    quota::Quota,
    views::damaged,
    waiting::is_ahead,
};

/// What became of the operations of one batch that were not in the log.
type Fates = BTreeMap<OpKey, Outcome>;

impl Writer {
    /// Commits what is new of a batch; each operation has one outcome.
    pub(super) fn commit_batch(&mut self, submissions: &[Submission], now_ms: u64) -> Result<Vec<Outcome>, StoreError> {
        let keys: Vec<OpKey> = submissions.iter().map(|submission| submission.operation.key()).collect();
        let logged = self.logged(submissions)?;
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

    /// Which of these are in the log already. Each logged operation has a record, which is small, stands in a table with a
    /// filter, and is read anyway where the operation is judged.
    fn logged(&mut self, submissions: &[Submission]) -> Result<Vec<bool>, StoreError> {
        let mut keys: [Vec<(Vec<u8>, usize)>; 2] = Default::default();
        let [messages, controls] = &mut keys;
        for (place, Submission { operation, .. }) in submissions.iter().enumerate() {
            let channel = match operation.channel() {
                Some(id) => self.names.known_channel(&self.db, &id)?,
                None => Some(ChannelNo::NONE),
            };
            let Some(channel) = channel else { continue };
            let keys = if operation.kind() == Kind::ChannelMessage { &mut *messages } else { &mut *controls };
            keys.push((records::key(channel, &operation.key()), place));
        }
        let mut logged = vec![false; submissions.len()];
        for (mut keys, family) in keys.into_iter().zip([Family::Messages, Family::Controls]) {
            keys.sort_unstable();
            let (keys, places): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
            for (place, has) in places.into_iter().zip(self.db.has_many(family, &keys)?) {
                if let Some(logged) = logged.get_mut(place) {
                    *logged = has;
                }
            }
        }
        Ok(logged)
    }

    /// Logs what was kept aside and may be logged now, until nothing more can be.
    pub(super) fn release(&mut self, now_ms: u64) -> Result<usize, StoreError> {
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
    pub(super) fn commit_new(&mut self, new: &[&Submission], now_ms: u64, live: bool) -> Result<Fates, StoreError> {
        if new.is_empty() {
            return Ok(Fates::new());
        }
        let mut fates = Fates::new();
        let mut batch = Batch::default();
        let sorted = self.sort(new, now_ms)?;
        if !live {
            for submission in new {
                batch.delete(Family::Waiting, &log::key(&submission.operation.key()));
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
            let kept = self.waiting.keep(&mut batch, *wait, *source, operation);
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
        self.write(batch, absorbed, quota, (&sorted.logged, aside), progress)?;
        Ok(fates)
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
