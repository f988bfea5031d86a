//! The engine: reaches what the definition says for every order of arrival, at the cost of what changes.
//!
//! New operations, and those that a change can concern, go through one worklist in the order of keys. Rules read only
//! what stands before an operation, so each is judged once a batch, and by induction on keys its verdict is the
//! definition's. A change of a register reaches no further than its next entry, and nobody where the value stays.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dmpc::{ChannelId, OpKey, VerifiedOperation, kinds::Kind};

use super::{
    definition::accepted_message,
    overlay::{BeforeKey, Changes, Overlay},
    register::{Register, Value},
    rules::{self, Judgement},
    views::{Record, Views},
};
use crate::{
    digest::{Digests, fact_element, log_element},
    outcome::Refusal,
    reader::Change,
    verdict::Verdict,
};

/// Something that subscribers hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The channel; `None` for users.
    pub channel: Option<ChannelId>,
    /// The local sequence of the operation that it is about.
    pub arrival: u64,
    /// What happened.
    pub change: Change,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Absorbed {
    /// What is to be written.
    pub changes: Changes,
    /// The digests afterwards.
    pub digests: Digests,
    /// In the order of keys.
    pub events: Vec<Event>,
    /// New operations that are not logged, and why.
    pub refused: BTreeMap<OpKey, Refusal>,
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

struct Engine<'a, V> {
    overlay: Overlay<'a, V>,
    digests: Digests,
    events: Vec<Event>,
    refused: BTreeMap<OpKey, Refusal>,
    worklist: BTreeSet<OpKey>,
}

/// Absorbs operations that the views do not hold yet. `first_arrival` is the local sequence of the first one; the
/// others follow in the order given, those refused leave no gap.
///
/// # Errors
/// When the views cannot be read.
pub fn absorb<V: Views>(
    views: &V,
    digests: Digests,
    first_arrival: u64,
    batch: &[Arc<VerifiedOperation>],
    admission: &mut impl Admission<V>,
) -> Result<Absorbed, V::Error> {
    let mut engine = Engine {
        overlay: Overlay::new(views)?,
        digests,
        events: Vec::new(),
        refused: BTreeMap::new(),
        worklist: BTreeSet::new(),
    };
    for operation in batch {
        engine.overlay.add(operation.clone());
        engine.worklist.insert(operation.key());
    }
    let mut judged = Vec::new();
    while let Some(key) = engine.worklist.pop_first() {
        judged.extend(engine.step(key, admission)?);
    }
    engine.finish(batch, first_arrival, judged)
}

/// An operation whose verdict is new or another.
struct Judged {
    operation: Arc<VerifiedOperation>,
    old: Option<Record>,
    verdict: Verdict,
}

impl<V: Views> Engine<'_, V> {
    /// Judges one operation, and enqueues those that it changes.
    fn step(&mut self, key: OpKey, admission: &mut impl Admission<V>) -> Result<Option<Judged>, V::Error> {
        let Some(operation) = self.overlay.operation(&key)? else { return Ok(None) };
        let old = self.overlay.record(&operation)?;
        let before = self.overlay.before_key(key);
        let Judgement { verdict, writes } = rules::judge(&operation, &before)?;
        if old.is_none()
            && let Some(refusal) = admission.refusal(&operation, verdict, &before)?
        {
            self.overlay.withdraw(&key);
            self.refused.insert(key, refusal);
            return Ok(None);
        }
        self.write(&operation, writes)?;
        let was_applied = old.is_some_and(|record| record.verdict.is_applied());
        if let Some(element) = accepted_message(&operation) {
            match (was_applied, verdict.is_applied()) {
                (false, true) => self.digests.state.add(&element),
                (true, false) => self.digests.state.remove(&element),
                (false, false) | (true, true) => {}
            }
        }
        if old.is_some_and(|record| record.verdict == verdict) {
            return Ok(None);
        }
        Ok(Some(Judged { operation, old, verdict }))
    }

    /// Brings the entries at the operation's key to what it writes now.
    fn write(&mut self, operation: &VerifiedOperation, writes: Vec<(Register, Value)>) -> Result<(), V::Error> {
        let key = operation.key();
        let registers: BTreeSet<Register> = rules::touched(operation).into_iter().collect();
        let mut writes: BTreeMap<Register, Value> = writes.into_iter().collect();
        for register in registers {
            let old = self.overlay.at(&register, &key)?;
            let new = writes.remove(&register);
            if old == new {
                continue;
            }
            let before = self.overlay.before(&register, &key)?.map(|(_, value)| value);
            let changed = old.as_ref().or(before.as_ref()) != new.as_ref().or(before.as_ref());
            if let Some(element) = old.as_ref().and_then(|value| fact_element(&register, &key, value)) {
                self.digests.state.remove(&element);
            }
            if let Some(element) = new.as_ref().and_then(|value| fact_element(&register, &key, value)) {
                self.digests.state.add(&element);
            }
            if changed {
                let upto = self.overlay.after(&register, &key)?.unwrap_or(OpKey::MAX);
                self.worklist.extend(self.overlay.dependents(&register.scope(), &key, &upto)?);
            }
            self.overlay.set(register, key, new)?;
        }
        debug_assert!(writes.is_empty(), "a rule writes a register that it does not name as touched");
        Ok(())
    }

    /// Numbers the new operations and tells what changed.
    fn finish(
        mut self,
        batch: &[Arc<VerifiedOperation>],
        first_arrival: u64,
        judged: Vec<Judged>,
    ) -> Result<Absorbed, V::Error> {
        let mut arrivals = BTreeMap::new();
        let logged = batch.iter().map(|operation| operation.key()).filter(|key| !self.refused.contains_key(key));
        for (key, arrival) in logged.zip(first_arrival..) {
            arrivals.insert(key, arrival);
            self.digests.log.add(log_element(&key.id));
        }
        for Judged { operation, old, verdict } in judged {
            let arrival = match (old, arrivals.get(&operation.key())) {
                (Some(record), _) => record.arrival,
                (None, Some(arrival)) => *arrival,
                (None, None) => continue,
            };
            let announced = old.is_some_and(|record| record.announced);
            let was_applied = old.is_some_and(|record| record.verdict.is_applied());
            if let Some(change) = change(&operation, was_applied, announced, verdict) {
                self.events.push(Event { channel: operation.channel(), arrival, change });
            }
            let record = Record { verdict, announced: announced || verdict.is_applied(), arrival };
            self.overlay.remember(operation, record);
        }
        Ok(Absorbed {
            changes: self.overlay.into_changes(),
            digests: self.digests,
            events: self.events,
            refused: self.refused,
        })
    }
}

/// What subscribers hear when an operation's verdict is new or another.
fn change(operation: &VerifiedOperation, was_applied: bool, announced: bool, verdict: Verdict) -> Option<Change> {
    match (was_applied, verdict.is_applied()) {
        (true, false) => Some(Change::Retracted(verdict)),
        (false, true) if announced => Some(Change::Restored),
        (false, true) => Some(match operation.kind() {
            Kind::UserCreate | Kind::UserUpdate => Change::User,
            Kind::ChannelOpen => Change::Opened,
            Kind::ChannelMembers => Change::Members,
            Kind::ChannelEpoch => Change::Epoch,
            Kind::ChannelMessage => Change::Message,
            Kind::ChannelClose => Change::Closed,
        }),
        (false, false) | (true, true) => None,
    }
}
