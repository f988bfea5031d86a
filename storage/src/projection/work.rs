//! What is still to be judged again: ranges of indexes, in the order of keys, and not the operations in them. So it is
//! bounded by the registers that changed, and not by what they concern. What a batch leaves is stored, and goes on later.

use std::collections::{BTreeMap, VecDeque};

use dmpc::{OpKey, UserId};

use super::{register::Scope, views::Views};

/// Keys that the first look at a range takes from its index; each further look takes twice as many.
const LOOK_MIN: usize = 4;
/// Keys that one look takes at most.
const LOOK_MAX: usize = 1_024;
/// Stored ranges that are read at a time.
const STORED_READ: usize = 256;

/// What comes next in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// The operation at the key is to be judged.
    Judge,
    /// The first operation after the key is to be looked for.
    Look,
}

/// A range of an index: the operations of a scope after or at a key, up to another. In the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work {
    /// Where it stands.
    pub at: OpKey,
    /// What is to be done there.
    pub due: Due,
    /// Which operations.
    pub scope: Scope,
    /// The last key that can be concerned.
    pub upto: OpKey,
}

/// How much one batch may judge again, beside what is new in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Operations judged again, and likewise looks into indexes.
    pub operations: usize,
    /// Bytes of the operations judged again; one more may go over it.
    pub bytes: usize,
}

/// Operations that one batch judges again at most.
pub const STEP_OPERATIONS_MAX: usize = 10_000;
/// Bytes of the operations that one batch judges again; one more may go over it.
pub const STEP_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Default for Step {
    fn default() -> Self {
        Self { operations: STEP_OPERATIONS_MAX, bytes: STEP_BYTES_MAX }
    }
}

impl Step {
    /// Without an end: for what is in memory anyway.
    pub const UNBOUNDED: Self = Self { operations: usize::MAX, bytes: usize::MAX };
}

/// Whom the work is to be charged to: the certifier of the operation that began it.
pub type Cause = UserId;

/// What a batch changes of the stored work.
#[derive(Clone, Debug, Default)]
pub struct WorkChanges {
    /// Stored ranges that were taken up.
    pub done: Vec<Work>,
    /// Ranges that remain, and who caused them.
    pub todo: BTreeMap<Work, Cause>,
}

/// A range that is being walked through.
#[derive(Debug)]
struct Walk {
    cause: Cause,
    /// The next keys, as far as they were read ahead.
    ahead: VecDeque<OpKey>,
    /// Keys that the last look took.
    taken: usize,
}

impl Walk {
    fn new(cause: Cause) -> Self {
        Self { cause, ahead: VecDeque::new(), taken: 0 }
    }
}

/// The work of one batch, over what is stored.
#[derive(Debug)]
pub(super) struct Worklist {
    pending: BTreeMap<Work, Walk>,
    /// Stored ranges that were read and not taken up.
    stored: VecDeque<(Work, Cause)>,
    /// The last one that was read.
    read: Option<Work>,
    /// Whether there is nothing stored after it.
    is_read: bool,
    done: Vec<Work>,
}

impl Worklist {
    /// Over what is stored, or leaving it where it is.
    pub(super) fn new(with_stored: bool) -> Self {
        Self { pending: BTreeMap::new(), stored: VecDeque::new(), read: None, is_read: !with_stored, done: Vec::new() }
    }

    /// Adds a range whose first operation is to be looked for.
    pub(super) fn wake(&mut self, scope: Scope, after: OpKey, upto: OpKey, cause: Cause) {
        let work = Work { at: after, due: Due::Look, scope, upto };
        self.pending.entry(work).or_insert_with(|| Walk::new(cause));
    }

    /// The least of all.
    pub(super) fn first<V: Views>(&mut self, views: &V) -> Result<Option<Work>, V::Error> {
        if self.stored.is_empty() && !self.is_read {
            let read = views.work(self.read.as_ref(), STORED_READ)?;
            self.is_read = read.len() < STORED_READ;
            self.read = read.last().map(|(work, _)| *work).or(self.read);
            self.stored.extend(read);
        }
        let stored = self.stored.front().map(|(work, _)| *work);
        let pending = self.pending.first_key_value().map(|(work, _)| *work);
        Ok(match (stored, pending) {
            (Some(stored), Some(pending)) => Some(stored.min(pending)),
            (one, other) => one.or(other),
        })
    }

    /// Takes the least if it stands where `like` does, with the same to be done.
    fn take<V: Views>(&mut self, views: &V, like: &Work) -> Result<Option<(Work, Walk)>, V::Error> {
        let Some(work) = self.first(views)?.filter(|work| work.at == like.at && work.due == like.due) else {
            return Ok(None);
        };
        let walk = self.pending.remove(&work);
        let stored = self.stored.front().filter(|(stored, _)| *stored == work).map(|(_, cause)| *cause);
        if stored.is_some() {
            self.stored.pop_front();
            self.done.push(work);
        }
        Ok(walk.or_else(|| stored.map(Walk::new)).map(|walk| (work, walk)))
    }

    /// Takes everything that stands where `first` does, and moves it on behind it. Ranges of one scope that meet go on
    /// as one. Gives the looks that it took, and the first cause.
    pub(super) fn advance<V: Views>(&mut self, views: &V, first: &Work) -> Result<(usize, Option<Cause>), V::Error> {
        let mut met: BTreeMap<Scope, (OpKey, Walk)> = BTreeMap::new();
        let mut cause = None;
        while let Some((work, walk)) = self.take(views, first)? {
            cause = cause.or(Some(walk.cause));
            match met.get_mut(&work.scope) {
                // What was read ahead of the shorter one is of the longer one, too.
                Some((upto, _)) if *upto >= work.upto => {}
                _ => {
                    met.insert(work.scope, (work.upto, walk));
                }
            }
        }
        let mut looks = 0;
        for (scope, (upto, walk)) in met {
            looks += self.move_on(views, scope, first.at, upto, walk)?;
        }
        Ok((looks, cause))
    }

    /// Moves one range on to its next operation, if it has one.
    fn move_on<V: Views>(
        &mut self,
        views: &V,
        scope: Scope,
        after: OpKey,
        upto: OpKey,
        mut walk: Walk,
    ) -> Result<usize, V::Error> {
        if let Scope::Everywhere(user, from) = scope {
            let (places, next) = views.places(&user, &after, from, LOOK_MAX)?;
            let looks = places.len() + 1;
            let scopes = places.into_iter().map(|place| Scope::Place(user, place));
            for scope in scopes.chain(next.map(|from| Scope::Everywhere(user, from))) {
                self.wake(scope, after, upto, walk.cause);
            }
            return Ok(looks);
        }
        let mut looks = 0;
        if walk.ahead.is_empty() {
            walk.taken = (walk.taken * 2).clamp(LOOK_MIN, LOOK_MAX);
            walk.ahead = views.dependents(&scope, &after, &upto, walk.taken)?.into();
            looks = 1;
        }
        if let Some(next) = walk.ahead.pop_front() {
            self.pending.insert(Work { at: next, due: Due::Judge, scope, upto }, walk);
        }
        Ok(looks)
    }

    /// What is left of it, and whether that is anything. `gone` says which new operations are not logged after all: a
    /// range that stands at one looks on from there.
    pub(super) fn finish<V: Views>(
        mut self,
        views: &V,
        gone: impl Fn(&OpKey) -> bool,
    ) -> Result<(WorkChanges, bool), V::Error> {
        let remains = self.first(views)?.is_some();
        let stand = |(mut work, walk): (Work, Walk)| {
            if gone(&work.at) {
                work.due = Due::Look;
            }
            (work, walk.cause)
        };
        let todo = self.pending.into_iter().map(stand).collect();
        Ok((WorkChanges { done: self.done, todo }, remains))
    }
}
