//! Views in memory: for tests, simulations and audits. Plain maps.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    convert::Infallible,
    sync::Arc,
};

use dmpc::{ChannelId, OpKey, UserId, VerifiedOperation};

use super::{
    definition::root_facts,
    engine::{Absorbed, AdmitAll, Task, absorb},
    register::{Register, Scope, Value},
    telling::{Event, Told},
    views::{Places, Record, Views, scopes_of},
    work::{Cause, Step, Work},
};
use crate::{Genesis, digest::Digests};

/// A node's log and views in memory.
#[derive(Debug, Default)]
pub struct Memory {
    facts: BTreeMap<(Register, OpKey), Value>,
    log: BTreeMap<OpKey, Arc<VerifiedOperation>>,
    scopes: BTreeSet<(Scope, OpKey)>,
    /// Channels, in the order in which they were heard of.
    channels: Vec<ChannelId>,
    records: BTreeMap<OpKey, Record>,
    work: BTreeMap<Work, Cause>,
    told: Option<Event>,
    digests: Digests,
}

impl Memory {
    /// Starts from the roots.
    pub fn new(genesis: &Genesis) -> Self {
        let facts = genesis.roots.iter().flat_map(root_facts);
        Self { facts: facts.map(|(register, value)| ((register, OpKey::MIN), value)).collect(), ..Self::default() }
    }

    /// Absorbs a batch with all that it changes; what it holds already is passed over. Gives the events.
    pub fn absorb(&mut self, batch: &[VerifiedOperation]) -> Vec<Event> {
        self.begin(batch, Step::UNBOUNDED).events
    }

    /// Absorbs a batch, and judges again no more than a step of what it changes; [`Memory::step`] does the rest.
    pub fn begin(&mut self, batch: &[VerifiedOperation], step: Step) -> Told {
        let mut seen = BTreeSet::new();
        let new: Vec<_> = batch
            .iter()
            .filter(|operation| !self.log.contains_key(&operation.key()) && seen.insert(operation.key()))
            .map(|operation| Arc::new(operation.clone()))
            .collect();
        self.work_off(&new, step, false)
    }

    /// Goes on with what is to be judged again; `None` when nothing is.
    pub fn step(&mut self, step: Step) -> Option<Told> {
        if self.work.is_empty() { None } else { Some(self.work_off(&[], step, true)) }
    }

    /// Whether nothing is to be judged again.
    pub fn is_settled(&self) -> bool {
        self.work.is_empty()
    }

    fn work_off(&mut self, new: &[Arc<VerifiedOperation>], step: Step, with_stored: bool) -> Told {
        let first_arrival = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        let task = Task { batch: new, first_arrival, step, with_stored, told: self.told };
        let Ok(Absorbed { changes, digests, told, work, .. }) = absorb(self, self.digests.clone(), task, &mut AdmitAll);
        for (at, value) in changes.facts {
            match value {
                Some(value) => self.facts.insert(at, value),
                None => self.facts.remove(&at),
            };
        }
        self.records.extend(changes.records.into_iter().map(|(key, remembered)| (key, remembered.record)));
        for (key, operation) in changes.added {
            self.scopes.extend(scopes_of(&operation).into_iter().map(|scope| (scope, key)));
            let heard = operation.channel().filter(|channel| !self.channels.contains(channel));
            self.channels.extend(heard);
            self.log.insert(key, operation);
        }
        for done in &work.done {
            self.work.remove(done);
        }
        self.work.extend(work.todo);
        // What subscribers see already does not change any more.
        self.told = told.last.map(|(event, _)| event).filter(|_| !self.work.is_empty());
        self.digests = digests;
        told
    }

    /// The digests.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// What is remembered of each operation, in the order of keys.
    pub fn records(&self) -> &BTreeMap<OpKey, Record> {
        &self.records
    }

    /// Every entry of every register.
    pub fn facts(&self) -> &BTreeMap<(Register, OpKey), Value> {
        &self.facts
    }
}

impl Views for Memory {
    type Error = Infallible;

    fn before(&self, register: &Register, key: &OpKey) -> Result<Option<(OpKey, Value)>, Infallible> {
        let entry = self.facts.range((*register, OpKey::MIN)..(*register, *key)).next_back();
        Ok(entry.map(|((_, at), value)| (*at, value.clone())))
    }

    fn at(&self, register: &Register, key: &OpKey) -> Result<Option<Value>, Infallible> {
        Ok(self.facts.get(&(*register, *key)).cloned())
    }

    fn after(&self, register: &Register, key: &OpKey) -> Result<Option<OpKey>, Infallible> {
        let entries = self.facts.range((*register, *key)..=(*register, OpKey::MAX));
        Ok(entries.map(|((_, at), _)| *at).find(|at| at > key))
    }

    fn operation(&self, key: &OpKey) -> Result<Option<Arc<VerifiedOperation>>, Infallible> {
        Ok(self.log.get(key).cloned())
    }

    fn record(&self, operation: &VerifiedOperation) -> Result<Option<Record>, Infallible> {
        Ok(self.records.get(&operation.key()).copied())
    }

    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey, limit: usize) -> Result<Vec<OpKey>, Infallible> {
        let keys = self.scopes.range((*scope, *after)..=(*scope, *upto)).map(|(_, key)| *key);
        Ok(keys.filter(|key| key > after).take(limit).collect())
    }

    fn places(&self, user: &UserId, after: &OpKey, from: u32, limit: usize) -> Result<Places, Infallible> {
        let numbered = [None].into_iter().chain(self.channels.iter().copied().map(Some)).zip(0_u32..);
        let mut found: VecDeque<(Option<ChannelId>, u32)> = numbered
            .filter(|(_, number)| *number >= from)
            .filter(|(place, _)| {
                let scope = Scope::Place(*user, *place);
                self.scopes.range((scope, *after)..=(scope, OpKey::MAX)).any(|(_, key)| key > after)
            })
            .collect();
        let rest = found.split_off(limit.min(found.len()));
        Ok((found.into_iter().map(|(place, _)| place).collect(), rest.front().map(|(_, number)| *number)))
    }

    fn work(&self, after: Option<&Work>, limit: usize) -> Result<Vec<(Work, Cause)>, Infallible> {
        let is_after = |work: &&Work| after.is_none_or(|after| *work > after);
        Ok(self
            .work
            .iter()
            .filter(|(work, _)| is_after(work))
            .take(limit)
            .map(|(work, cause)| (*work, *cause))
            .collect())
    }

    fn is_told_between(&self, channel: &ChannelId, first: &OpKey, second: &OpKey) -> Result<bool, Infallible> {
        let scope = Scope::Messages(*channel);
        let between = self.scopes.range((scope, *first)..(scope, *second)).filter(|(_, key)| key > first);
        Ok(between.filter_map(|(_, key)| self.records.get(key)).any(|record| record.announced))
    }

    fn may_have_channel(&self, channel: &ChannelId) -> Result<bool, Infallible> {
        Ok(self.channels.contains(channel))
    }

    fn may_have_user(&self, user: &UserId) -> Result<bool, Infallible> {
        Ok(self
            .scopes
            .range((Scope::Place(*user, None), OpKey::MIN)..)
            .next()
            .is_some_and(|(scope, _)| matches!(scope, Scope::Place(found, _) if found == user)))
    }

    fn latest(&self) -> Result<OpKey, Infallible> {
        Ok(self.log.last_key_value().map_or(OpKey::MIN, |(key, _)| *key))
    }
}
