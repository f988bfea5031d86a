//! Operations kept aside: of certifiers never heard of, and those ahead of the clock. Bounded, durable, and logged as soon
//! as they may be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dmpc::{OpKey, UserId, VerifiedOperation};

use crate::{
    Limits, StoreError,
    db::{Batch, Db, Read},
    families::{Family, log, waiting},
    outcome::{Refusal, Source, Wait},
    views::damaged,
};

/// What is kept aside, indexed in memory.
#[derive(Debug)]
pub(crate) struct Waiting {
    limits: Limits,
    entries: BTreeMap<OpKey, Kept>,
    by_certifier: BTreeSet<(UserId, OpKey)>,
    /// Those ahead of the clock, the next one first.
    ahead: BTreeSet<OpKey>,
    /// Certifiers of whom something may be due: who became known, or whose time has come.
    candidates: BTreeSet<UserId>,
    usage: HashMap<Source, (usize, usize)>,
    total_bytes: usize,
}

#[derive(Debug)]
struct Kept {
    wait: Wait,
    source: Source,
    operation: VerifiedOperation,
}

impl Waiting {
    /// Reads what was kept aside.
    pub(crate) fn load(db: &Db, limits: Limits) -> Result<Self, StoreError> {
        let mut kept = Self {
            limits,
            entries: BTreeMap::new(),
            by_certifier: BTreeSet::new(),
            ahead: BTreeSet::new(),
            candidates: BTreeSet::new(),
            usage: HashMap::new(),
            total_bytes: 0,
        };
        for entry in db.ascend(Family::Waiting, &[], &[])? {
            let (key, value) = entry?;
            let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Waiting, "a key is short"))?;
            let (wait, source, bytes) =
                waiting::parse_value(&value).ok_or_else(|| damaged(Family::Waiting, "a value is short"))?;
            let operation =
                VerifiedOperation::from_log(bytes).map_err(|error| StoreError::BadOperation { key, error })?;
            kept.candidates.insert(operation.certifier());
            kept.insert(Kept { wait, source, operation });
        }
        Ok(kept)
    }

    /// Whether an operation is kept aside.
    pub(crate) fn contains(&self, key: &OpKey) -> bool {
        self.entries.contains_key(key)
    }

    /// How many operations are kept aside, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.total_bytes)
    }

    /// Keeps an operation aside.
    ///
    /// # Errors
    /// [`Refusal::WaitingFull`] when a bound is reached.
    pub(crate) fn keep(
        &mut self,
        batch: &mut Batch,
        wait: Wait,
        source: Source,
        operation: &VerifiedOperation,
    ) -> Result<(), Refusal> {
        let bytes = operation.bytes().len();
        let (operations, used) = self.usage.get(&source).copied().unwrap_or_default();
        if operations >= self.limits.waiting_operations
            || used + bytes > self.limits.waiting_bytes
            || self.entries.len() >= self.limits.waiting_total_operations
            || self.total_bytes + bytes > self.limits.waiting_total_bytes
        {
            return Err(Refusal::WaitingFull);
        }
        let value = waiting::value(wait, &source, operation.bytes());
        batch.put(Family::Waiting, &log::key(&operation.key()), &value);
        self.insert(Kept { wait, source, operation: operation.clone() });
        Ok(())
    }

    /// Says that a user became known: what it certified may be logged.
    pub(crate) fn make_known(&mut self, user: UserId) {
        self.candidates.insert(user);
    }

    /// Takes out, in the order of keys, at most `limit` operations that may be logged now: those of certifiers who are
    /// known, and that are no longer ahead of the clock.
    pub(crate) fn take(
        &mut self,
        now_ms: u64,
        limit: usize,
        mut is_known: impl FnMut(&UserId) -> Result<bool, StoreError>,
    ) -> Result<Vec<(Source, VerifiedOperation)>, StoreError> {
        let ahead_ms = self.limits.ahead_ms;
        while let Some(key) = self.ahead.first().copied().filter(|key| !is_ahead(key, now_ms, ahead_ms)) {
            self.ahead.remove(&key);
            self.candidates.extend(self.entries.get(&key).map(|kept| kept.operation.certifier()));
        }
        let mut due: Vec<OpKey> = Vec::new();
        while let Some(user) = self.candidates.first().copied() {
            if is_known(&user)? {
                let keys = self.by_certifier.range((user, OpKey::MIN)..=(user, OpKey::MAX)).map(|(_, key)| *key);
                due.extend(keys.filter(|key| !is_ahead(key, now_ms, ahead_ms)).take(limit.saturating_sub(due.len())));
            }
            if due.len() >= limit {
                // The user may have more; it stays a candidate.
                break;
            }
            self.candidates.remove(&user);
        }
        due.sort_unstable();
        Ok(due.iter().filter_map(|key| self.remove(key)).map(|kept| (kept.source, kept.operation)).collect())
    }

    /// Whether [`Waiting::take`] may find something.
    pub(crate) fn has_due(&self, now_ms: u64) -> bool {
        !self.candidates.is_empty()
            || self.ahead.first().is_some_and(|key| !is_ahead(key, now_ms, self.limits.ahead_ms))
    }

    fn insert(&mut self, kept: Kept) {
        let bytes = kept.operation.bytes().len();
        let usage = self.usage.entry(kept.source).or_default();
        *usage = (usage.0 + 1, usage.1 + bytes);
        self.total_bytes += bytes;
        if kept.wait == Wait::Future {
            self.ahead.insert(kept.operation.key());
        }
        self.by_certifier.insert((kept.operation.certifier(), kept.operation.key()));
        self.entries.insert(kept.operation.key(), kept);
    }

    fn remove(&mut self, key: &OpKey) -> Option<Kept> {
        let kept = self.entries.remove(key)?;
        let bytes = kept.operation.bytes().len();
        self.by_certifier.remove(&(kept.operation.certifier(), *key));
        self.ahead.remove(key);
        self.total_bytes -= bytes;
        if let Some(usage) = self.usage.get_mut(&kept.source) {
            *usage = (usage.0 - 1, usage.1 - bytes);
            if usage.0 == 0 {
                self.usage.remove(&kept.source);
            }
        }
        Some(kept)
    }
}

/// Whether a key is stamped too far ahead of the clock to be logged.
pub(crate) fn is_ahead(key: &OpKey, now_ms: u64, ahead_ms: u64) -> bool {
    key.timestamp.millis() > now_ms.saturating_add(ahead_ms)
}
