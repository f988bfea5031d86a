//! The engine: reaches what the definition says for every order of arrival, at the cost of what changes.
//!
//! Each operation agrees with what stands before it, or is still to be judged: it is new, or in a range of the worklist.
//! Whoever is judged agrees afterwards, and those that its writes can concern become such a range. So it does not matter
//! in which order they are judged, or in how many batches; when nothing is left to be judged, all is the definition's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dmpc::{OpKey, UserId, VerifiedOperation};

use super::{
    definition::accepted_message,
    overlay::{BeforeKey, Changes, Overlay, Remembered},
    register::{Register, Value},
    rules::{self, Judgement},
    telling::{Event, Telling, Told},
    views::{Record, Views},
    work::{Cause, Due, Step, Work, WorkChanges, Worklist},
};
use crate::{
    digest::{Digests, fact_element, log_element},
    outcome::Refusal,
    verdict::Verdict,
};

/// What became of a batch.
#[derive(Debug)]
pub struct Absorbed {
    /// What is to be written.
    pub changes: Changes,
    /// The digests afterwards.
    pub digests: Digests,
    /// What subscribers hear.
    pub told: Told,
    /// New operations that are not logged, and why.
    pub refused: BTreeMap<OpKey, Refusal>,
    /// What is still to be judged again.
    pub work: WorkChanges,
    /// Whether that is anything.
    pub remains: bool,
    /// Operations that were judged again, by who caused it.
    pub judged: BTreeMap<Cause, u64>,
}

/// What a batch is to do.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// Operations that the views do not hold yet.
    pub batch: &'a [Arc<VerifiedOperation>],
    /// The local sequence of the first one; the others follow in the order given, those refused leave no gap.
    pub first_arrival: u64,
    /// How much is judged again at most.
    pub step: Step,
    /// Whether to go on with what earlier batches left, rather than with what this one causes alone.
    pub with_stored: bool,
    /// The event that was told last, if it may go on.
    pub told: Option<Event>,
}

/// Decides whether a new operation with this judgement is logged.
pub trait Admission<V: Views> {
    /// A reason not to log it; `None` logs it.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn refusal(
        &mut self,
        operation: &VerifiedOperation,
        verdict: Verdict,
        before: &BeforeKey<'_, '_, V>,
    ) -> Result<Option<Refusal>, V::Error>;
}

/// Logs everything: replay, simulation, synchronisation.
#[derive(Clone, Copy, Debug)]
pub struct AdmitAll;

impl<V: Views> Admission<V> for AdmitAll {
    fn refusal(
        &mut self,
        _: &VerifiedOperation,
        _: Verdict,
        _: &BeforeKey<'_, '_, V>,
    ) -> Result<Option<Refusal>, V::Error> {
        Ok(None)
    }
}

/// An operation whose verdict is new or another.
struct Judged {
    operation: Arc<VerifiedOperation>,
    old: Option<Record>,
    verdict: Verdict,
}

struct Engine<'a, V> {
    overlay: Overlay<'a, V>,
    digests: Digests,
    refused: BTreeMap<OpKey, Refusal>,
    /// New operations that were not judged yet.
    new: BTreeSet<OpKey>,
    worklist: Worklist,
    left: Step,
    /// Looks into indexes that are left.
    looks: usize,
    judged: BTreeMap<OpKey, Judged>,
    counts: BTreeMap<Cause, u64>,
}

/// What is done next.
enum Turn {
    New(OpKey),
    Work(Work),
}

/// Absorbs a batch, and goes on with what is to be judged again.
///
/// # Errors
/// When the views cannot be read.
pub fn absorb<V: Views>(
    views: &V,
    digests: Digests,
    task: Task<'_>,
    admission: &mut impl Admission<V>,
) -> Result<Absorbed, V::Error> {
    let mut engine = Engine {
        overlay: Overlay::new(views)?,
        digests,
        refused: BTreeMap::new(),
        new: BTreeSet::new(),
        worklist: Worklist::new(task.with_stored),
        left: task.step,
        looks: task.step.operations,
        judged: BTreeMap::new(),
        counts: BTreeMap::new(),
    };
    for operation in task.batch {
        engine.overlay.add(operation.clone());
        engine.new.insert(operation.key());
    }
    while let Some(turn) = engine.turn()? {
        match turn {
            Turn::New(key) => engine.judge(key, None, admission)?,
            Turn::Work(work) => engine.work(&work, admission)?,
        }
    }
    engine.finish(views, task)
}

impl<V: Views> Engine<'_, V> {
    /// The least of what is to be done; when the step is used up, what is new alone.
    fn turn(&mut self) -> Result<Option<Turn>, V::Error> {
        let new = self.new.first().copied();
        let is_used_up = self.left.operations == 0 || self.left.bytes == 0 || self.looks == 0;
        let work = if is_used_up { None } else { self.worklist.first(&self.overlay)? };
        Ok(match (work, new) {
            (Some(work), Some(new)) if new < work.at || (new == work.at && work.due == Due::Look) => {
                Some(Turn::New(new))
            }
            (Some(work), _) => Some(Turn::Work(work)),
            (None, new) => new.map(Turn::New),
        })
    }

    /// Moves the ranges that stand somewhere on, and judges what they stand at.
    fn work(&mut self, work: &Work, admission: &mut impl Admission<V>) -> Result<(), V::Error> {
        let (looks, cause) = self.worklist.advance(&self.overlay, work)?;
        self.looks = self.looks.saturating_sub(looks);
        match work.due {
            Due::Judge => self.judge(work.at, cause, admission),
            Due::Look => Ok(()),
        }
    }

    /// Judges one operation, and wakes those that it changes. `cause` is whom that is charged to, if not to itself.
    fn judge(&mut self, key: OpKey, cause: Option<UserId>, admission: &mut impl Admission<V>) -> Result<(), V::Error> {
        self.new.remove(&key);
        let Some(operation) = self.overlay.operation(&key)? else { return Ok(()) };
        let old = self.overlay.record(&operation)?;
        let before = self.overlay.before_key(key);
        let Judgement { verdict, writes } = rules::judge(&operation, &before)?;
        if old.is_none()
            && let Some(refusal) = admission.refusal(&operation, verdict, &before)?
        {
            self.overlay.withdraw(&key);
            self.refused.insert(key, refusal);
            return Ok(());
        }
        let cause = cause.filter(|_| old.is_some()).unwrap_or_else(|| operation.certifier());
        if old.is_some() {
            self.left.operations = self.left.operations.saturating_sub(1);
            self.left.bytes = self.left.bytes.saturating_sub(operation.bytes().len());
            *self.counts.entry(cause).or_default() += 1;
        }
        self.write(&operation, writes, cause)?;
        let was_applied = old.is_some_and(|record| record.verdict.is_applied());
        if let Some(element) = accepted_message(&operation) {
            match (was_applied, verdict.is_applied()) {
                (false, true) => self.digests.state.add(&element),
                (true, false) => self.digests.state.remove(&element),
                (false, false) | (true, true) => {}
            }
        }
        if old.is_none_or(|record| record.verdict != verdict) {
            self.judged.insert(key, Judged { operation, old, verdict });
        }
        Ok(())
    }

    /// Brings the entries at the operation's key to what it writes now.
    fn write(
        &mut self,
        operation: &VerifiedOperation,
        writes: Vec<(Register, Value)>,
        cause: UserId,
    ) -> Result<(), V::Error> {
        let key = operation.key();
        let registers: BTreeSet<Register> = rules::touched(operation).into_iter().collect();
        let mut writes: BTreeMap<Register, Value> = writes.into_iter().collect();
        let latest = self.overlay.latest()?;
        for register in registers {
            let old = self.overlay.at(&register, &key)?;
            let new = writes.remove(&register);
            if old == new {
                continue;
            }
            let before = self.overlay.before(&register, &key)?.map(|(_, value)| value);
            let (stood, stands) = (old.as_ref().or(before.as_ref()), new.as_ref().or(before.as_ref()));
            if let Some(element) = old.as_ref().and_then(|value| fact_element(&register, &key, value)) {
                self.digests.state.remove(&element);
            }
            if let Some(element) = new.as_ref().and_then(|value| fact_element(&register, &key, value)) {
                self.digests.state.add(&element);
            }
            if stood != stands && key < latest {
                let upto = self.overlay.after(&register, &key)?.unwrap_or(OpKey::MAX);
                for scope in register.scopes(stood, stands) {
                    if self.overlay.may_hold(&scope, &key)? {
                        self.worklist.wake(scope, key, upto, cause);
                    }
                }
            }
            self.overlay.set(register, key, new)?;
        }
        debug_assert!(writes.is_empty(), "a rule writes a register that it does not name as touched");
        Ok(())
    }

    /// Numbers the new operations and tells what changed.
    fn finish(mut self, views: &V, task: Task<'_>) -> Result<Absorbed, V::Error> {
        let mut arrivals = BTreeMap::new();
        let logged = task.batch.iter().map(|operation| operation.key()).filter(|key| !self.refused.contains_key(key));
        for (key, arrival) in logged.zip(task.first_arrival..) {
            arrivals.insert(key, arrival);
            self.digests.log.add(log_element(&key.id));
        }
        let mut telling = Telling::after(task.told);
        for (key, Judged { operation, old, verdict }) in self.judged {
            let arrival = match (old, arrivals.get(&key)) {
                (Some(record), _) => record.arrival,
                (None, Some(arrival)) => *arrival,
                (None, None) => continue,
            };
            telling.tell(views, &operation, arrival, old, verdict)?;
            let announced = old.is_some_and(|record| record.announced) || verdict.is_applied();
            let record = Record { verdict, announced, arrival };
            self.overlay.remember(Remembered { operation, old, record });
        }
        let refused = self.refused;
        let (work, remains) = self.worklist.finish(views, |key| refused.contains_key(key))?;
        Ok(Absorbed {
            changes: self.overlay.into_changes(),
            digests: self.digests,
            told: telling.finish(),
            refused,
            work,
            remains,
            judged: self.counts,
        })
    }
}
