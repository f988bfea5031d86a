//! What is handed over to the other node: ranges that a reconciliation found, answers to wants, and what is new. Nothing of it
//! is kept in memory but where it goes on; what is on its way is bounded by the other's window.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use dmpc::{
    OpId, OpKey,
    peer::{Operations, OutcomeKind, Outcomes, Terms, Want},
};

use super::{
    batch::{Batch, Room},
    bounds::{EXCEPTED_MAX, KEYS_TOGETHER, TASKS_MAX, WANT_SCAN_MAX, WANTS_MAX},
    refusals::Memory,
    replica::{Keys, Replica, Scope},
    rounds::Surplus,
    status::Status,
};

/// What is handed over, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Sending {
    window_operations: usize,
    window_bytes: usize,
    on_its_way: VecDeque<Sent>,
    ids_on_their_way: BTreeSet<OpId>,
    bytes_on_their_way: usize,
    /// Of what is on its way, what a reconciliation found.
    found_on_their_way: usize,
    /// Ranges to be handed over, by scope and beginning: what is least goes first.
    tasks: BTreeMap<(u32, OpKey), Task>,
    /// Ids that these except.
    excepted: usize,
    answers: VecDeque<Answer>,
    /// The number of the last want.
    wants: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    key: OpKey,
    bytes: usize,
    is_found: bool,
}

#[derive(Debug)]
struct Task {
    end: Option<OpKey>,
    except: Vec<OpId>,
    /// The last key that was looked at.
    done: Option<OpKey>,
}

#[derive(Debug)]
struct Answer {
    number: u64,
    scope: u32,
    from: OpKey,
    ids: BTreeSet<OpId>,
    scanned: u64,
    done: Option<OpKey>,
}

/// The other node broke a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

impl Sending {
    pub(super) fn agree(&mut self, theirs: &Terms) {
        self.window_operations = usize::try_from(theirs.window_operations).unwrap_or(usize::MAX);
        self.window_bytes = usize::try_from(theirs.window_bytes).unwrap_or(usize::MAX);
    }

    /// Whether nothing that a reconciliation found is left or on its way.
    pub(super) fn is_settled(&self) -> bool {
        self.tasks.is_empty() && self.found_on_their_way == 0
    }

    /// Operations without an outcome.
    pub(super) fn on_their_way(&self) -> u64 {
        u64::try_from(self.on_its_way.len()).unwrap_or(u64::MAX)
    }

    /// Whether ranges may be added.
    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < TASKS_MAX && self.excepted < EXCEPTED_MAX
    }

    pub(super) fn add(&mut self, scope: u32, surplus: Surplus) {
        let task = Task { end: surplus.end, except: surplus.except, done: None };
        self.excepted += task.except.len();
        if let Some(before) = self.tasks.insert((scope, surplus.from), task) {
            self.excepted = self.excepted.saturating_sub(before.except.len());
        }
    }

    /// Takes a want of the other node.
    pub(super) fn want(&mut self, want: Want) -> Result<(), Broken> {
        if want.number != self.wants + 1 {
            return Err(Broken("wants are numbered in their order"));
        }
        if self.answers.len() >= WANTS_MAX {
            return Err(Broken("too many wants at once"));
        }
        self.wants = want.number;
        let ids = want.ids.into_iter().collect();
        let answer = Answer { number: want.number, scope: want.scope, from: want.from, ids, scanned: 0, done: None };
        self.answers.push_back(answer);
        Ok(())
    }

    /// Takes outcomes of what was sent, in its order.
    pub(super) fn told(&mut self, outcomes: Outcomes, memory: &mut Memory, status: &mut Status) -> Result<(), Broken> {
        for (kind, _) in outcomes.outcomes {
            let sent = self.on_its_way.pop_front().ok_or(Broken("outcomes of operations that were not sent"))?;
            self.ids_on_their_way.remove(&sent.key.id);
            self.bytes_on_their_way = self.bytes_on_their_way.saturating_sub(sent.bytes);
            self.found_on_their_way = self.found_on_their_way.saturating_sub(usize::from(sent.is_found));
            status.sent.count(kind);
            let (id, now) = (sent.key.id, memory.reconciliations);
            match kind {
                OutcomeKind::Bad => memory.there.ban(id),
                OutcomeKind::Refused => memory.there.refuse(id, now),
                OutcomeKind::Applied
                | OutcomeKind::Pending
                | OutcomeKind::Waiting
                | OutcomeKind::Rejected
                | OutcomeKind::Duplicate => memory.there.forget(&id),
            }
            if !kind.is_kept() {
                status.left.there.add(1, sent.key.timestamp);
            }
        }
        Ok(())
    }

    fn room(&self) -> Room {
        Room {
            operations: self.window_operations.saturating_sub(self.on_its_way.len()),
            bytes: self.window_bytes.saturating_sub(self.bytes_on_their_way),
            is_idle: self.on_its_way.is_empty(),
        }
    }

    /// Whether another operation may go on its way.
    pub(super) fn may_send(&self) -> bool {
        let room = self.room();
        room.is_idle || room.operations > 0 && room.bytes > 0
    }

    fn sent(&mut self, batch: &Batch, is_found: bool) {
        for (key, bytes) in batch.keys.iter().zip(batch.operations.iter().map(Bytes::len)) {
            self.on_its_way.push_back(Sent { key: *key, bytes, is_found });
            self.ids_on_their_way.insert(key.id);
            self.bytes_on_their_way += bytes;
            self.found_on_their_way += usize::from(is_found);
        }
    }

    /// A frame with a part of an answer to a want.
    pub(super) fn answer<R: Replica>(
        &mut self,
        replica: &R,
        scopes: &[Scope],
        status: &mut Status,
    ) -> Result<Option<Operations>, R::Error> {
        let Some(mut answer) = self.answers.pop_front() else { return Ok(None) };
        let mut batch = Batch::new(self.room());
        let mut is_done = true;
        if let Some(scope) = usize::try_from(answer.scope).ok().and_then(|scope| scopes.get(scope)) {
            let keys = replica.scope(scope)?;
            is_done = loop {
                if answer.ids.is_empty() || answer.scanned >= WANT_SCAN_MAX {
                    break true;
                }
                let some = keys_after(&keys, &answer.from, answer.done.as_ref())?;
                let Some(last) = some.last().copied() else { break true };
                let wanted: Vec<OpKey> = some.iter().filter(|key| answer.ids.contains(&key.id)).copied().collect();
                let before = batch.keys.len();
                let unfit = batch.fill(replica, &wanted, |_| true)?;
                let taken: BTreeSet<OpId> = batch.keys.iter().skip(before).map(|key| key.id).collect();
                answer.ids.retain(|id| !taken.contains(id));
                if let Some(unfit) = unfit {
                    answer.done = some.iter().rfind(|key| **key < unfit).copied().or(answer.done);
                    break false;
                }
                answer.scanned += u64::try_from(some.len()).unwrap_or(u64::MAX);
                answer.done = Some(last);
                if batch.is_full() {
                    break answer.ids.is_empty();
                }
            };
        }
        batch.keys.iter().for_each(|key| status.found.there.add(1, key.timestamp));
        self.sent(&batch, true);
        let (want, operations) = (Some(answer.number), batch.operations);
        if is_done {
            return Ok(Some(Operations { operations, want, last: true }));
        }
        self.answers.push_front(answer);
        Ok((!operations.is_empty()).then_some(Operations { operations, want, last: false }))
    }

    /// A frame with what a reconciliation found, the least first.
    pub(super) fn surplus<R: Replica>(
        &mut self,
        replica: &R,
        scopes: &[Scope],
        memory: &Memory,
        status: &mut Status,
    ) -> Result<Option<Operations>, R::Error> {
        let mut batch = Batch::new(self.room());
        while let Some(((number, from), mut task)) = self.tasks.pop_first() {
            let Some(scope) = usize::try_from(number).ok().and_then(|number| scopes.get(number)) else { continue };
            let keys = replica.scope(scope)?;
            let is_done = loop {
                let mut some = keys_after(&keys, &from, task.done.as_ref())?;
                some.retain(|key| task.end.is_none_or(|end| *key < end));
                let Some(last) = some.last().copied() else { break true };
                let is_lacking = |key: &&OpKey| task.except.binary_search(&key.id).is_err();
                let lacking = some.iter().filter(is_lacking).filter(|key| !self.ids_on_their_way.contains(&key.id));
                let (offered, patient): (Vec<OpKey>, Vec<OpKey>) =
                    lacking.partition(|key| memory.there.allows(&key.id, memory.reconciliations));
                let unfit = batch.fill(replica, &offered, |_| true)?;
                let passed = patient.iter().filter(|key| unfit.is_none_or(|unfit| **key < unfit));
                passed.for_each(|key| status.left.there.add(1, key.timestamp));
                if let Some(unfit) = unfit {
                    task.done = some.iter().rfind(|key| **key < unfit).copied().or(task.done);
                    break false;
                }
                task.done = Some(last);
                if batch.is_full() {
                    break false;
                }
            };
            if !is_done {
                self.tasks.insert((number, from), task);
                break;
            }
            self.excepted = self.excepted.saturating_sub(task.except.len());
        }
        self.sent(&batch, true);
        let operations = batch.operations;
        Ok((!operations.is_empty()).then_some(Operations { operations, want: None, last: false }))
    }

    /// A frame with operations that are new; gives how many of the keys are done with.
    pub(super) fn fresh<R: Replica>(
        &mut self,
        replica: &R,
        keys: &[OpKey],
        takes: impl Fn(&Bytes) -> bool,
    ) -> Result<(usize, Option<Operations>), R::Error> {
        let mut batch = Batch::new(self.room());
        let unfit = batch.fill(replica, keys, takes)?;
        let done = unfit.and_then(|unfit| keys.iter().position(|key| *key == unfit)).unwrap_or(keys.len());
        self.sent(&batch, false);
        let operations = batch.operations;
        Ok((done, (!operations.is_empty()).then_some(Operations { operations, want: None, last: false })))
    }
}

/// Keys from `from` on that stand after `done`.
fn keys_after<K: Keys>(keys: &K, from: &OpKey, done: Option<&OpKey>) -> Result<Vec<OpKey>, K::Error> {
    let mut some = keys.keys(keys.lower_bound(done.unwrap_or(from))?, KEYS_TOGETHER)?;
    some.retain(|key| done.is_none_or(|done| key > done));
    Ok(some)
}
