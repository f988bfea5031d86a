//! Views in memory: for tests, simulations and audits. Plain maps, no indexes but the order of keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

use dmpc::{OpKey, VerifiedOperation};

use super::{
    definition::root_facts,
    engine::{Absorbed, AdmitAll, Event, absorb},
    register::{Register, Scope, Value},
    views::{Record, Views, concerns},
};
use crate::{Genesis, digest::Digests};

/// A node's log and views in memory.
#[derive(Debug, Default)]
pub struct Memory {
    facts: BTreeMap<(Register, OpKey), Value>,
    log: BTreeMap<OpKey, Arc<VerifiedOperation>>,
    records: BTreeMap<OpKey, Record>,
    digests: Digests,
}

impl Memory {
    /// Starts from the roots.
    pub fn new(genesis: &Genesis) -> Self {
        let facts = genesis.roots.iter().flat_map(root_facts);
        Self { facts: facts.map(|(register, value)| ((register, OpKey::MIN), value)).collect(), ..Self::default() }
    }

    /// Absorbs a batch; what it holds already is passed over. Gives the events.
    pub fn absorb(&mut self, batch: &[VerifiedOperation]) -> Vec<Event> {
        let mut seen = BTreeSet::new();
        let new: Vec<_> = batch
            .iter()
            .filter(|operation| !self.log.contains_key(&operation.key()) && seen.insert(operation.key()))
            .map(|operation| Arc::new(operation.clone()))
            .collect();
        let next = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        let Ok(Absorbed { changes, digests, events, .. }) =
            absorb(self, self.digests.clone(), next, &new, &mut AdmitAll);
        for (at, value) in changes.facts {
            match value {
                Some(value) => self.facts.insert(at, value),
                None => self.facts.remove(&at),
            };
        }
        self.records.extend(changes.records.into_iter().map(|(key, (_, record))| (key, record)));
        self.log.extend(changes.added);
        self.digests = digests;
        events
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

    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey) -> Result<Vec<OpKey>, Infallible> {
        let range = self.log.range(*after..=*upto).filter(|(key, _)| *key > after);
        Ok(range.filter(|(_, operation)| concerns(scope, operation)).map(|(key, _)| *key).collect())
    }

    fn latest(&self) -> Result<OpKey, Infallible> {
        Ok(self.log.last_key_value().map_or(OpKey::MIN, |(key, _)| *key))
    }
}
