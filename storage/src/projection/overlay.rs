//! The overlay: what a batch changes, over views that stay as they are until the batch is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use dmpc::{ChannelId, OpKey, UserId, VerifiedOperation};

use super::{
    register::{Register, Scope, Value},
    rules::Before,
    views::{Places, Record, Views, scopes_of},
    work::{Cause, Work},
};

/// Operations of a user that are looked at to see whether one of them stands after a key.
const LOOKED_AT_MAX: usize = 64;

/// Views with changes that are not written yet.
#[derive(Debug)]
pub struct Overlay<'a, V> {
    base: &'a V,
    /// Changed entries; `None` is one taken away.
    facts: BTreeMap<(Register, OpKey), Option<Value>>,
    /// Where the last entries of a register are all taken away: from the first of them to the last. Changes come in the
    /// order of keys, so whoever looks back from the present key steps over them at once.
    gaps: BTreeMap<Register, (OpKey, OpKey)>,
    records: BTreeMap<OpKey, Remembered>,
    added: BTreeMap<OpKey, Arc<VerifiedOperation>>,
    /// What was added, by scope.
    scopes: BTreeSet<(Scope, OpKey)>,
    /// The greatest key of the base.
    base_latest: OpKey,
    /// The greatest key of the base and of what was added.
    latest: OpKey,
}

/// An operation whose record is new or another.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The operation.
    pub operation: Arc<VerifiedOperation>,
    /// What was remembered before; `None` when it is new.
    pub old: Option<Record>,
    /// What is remembered now.
    pub record: Record,
}

/// What a batch changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Entries of registers; `None` is one taken away.
    pub facts: BTreeMap<(Register, OpKey), Option<Value>>,
    /// Operations whose record is new or another.
    pub records: BTreeMap<OpKey, Remembered>,
    /// Operations that were added.
    pub added: BTreeMap<OpKey, Arc<VerifiedOperation>>,
}

impl<'a, V: Views> Overlay<'a, V> {
    /// Over `base`, without changes.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn new(base: &'a V) -> Result<Self, V::Error> {
        let latest = base.latest()?;
        Ok(Self {
            base,
            facts: BTreeMap::new(),
            gaps: BTreeMap::new(),
            records: BTreeMap::new(),
            added: BTreeMap::new(),
            scopes: BTreeSet::new(),
            base_latest: latest,
            latest,
        })
    }

    /// Adds an operation to the log.
    pub fn add(&mut self, operation: Arc<VerifiedOperation>) {
        let key = operation.key();
        self.latest = self.latest.max(key);
        self.scopes.extend(scopes_of(&operation).into_iter().map(|scope| (scope, key)));
        self.added.insert(key, operation);
    }

    /// Takes back an operation that was added and judged without effect. The latest key stays where it was, which
    /// costs a search and changes no result.
    pub fn withdraw(&mut self, key: &OpKey) {
        if let Some(operation) = self.added.remove(key) {
            for scope in scopes_of(&operation) {
                self.scopes.remove(&(scope, *key));
            }
        }
        self.records.remove(key);
    }

    /// Writes or takes away an entry of a register. Where keys do not go back, looking back stays cheap.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn set(&mut self, register: Register, key: OpKey, value: Option<Value>) -> Result<(), V::Error> {
        if value.is_some() {
            self.gaps.remove(&register);
        } else {
            let stored = self.base.before(&register, &key)?.map(|(at, _)| at);
            let changed = self.changed(&register, OpKey::MIN, key).rev().map(|(at, _)| at).find(|at| *at < key);
            let previous = stored.max(changed);
            let gap = self.gaps.entry(register).or_insert((key, key));
            *gap = if previous == Some(gap.1) { (gap.0, key) } else { (key, key) };
        }
        self.facts.insert((register, key), value);
        Ok(())
    }

    /// Remembers what became of an operation.
    pub fn remember(&mut self, remembered: Remembered) {
        self.records.insert(remembered.operation.key(), remembered);
    }

    /// Whether a scope may hold operations after a key. What nobody ever heard of holds none, and need not be looked for: a
    /// channel that opens with a thousand members would be looked for in a thousand places.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn may_hold(&self, scope: &Scope, after: &OpKey) -> Result<bool, V::Error> {
        if self.is_added_after(scope, after) {
            return Ok(true);
        }
        match scope {
            Scope::Place(_, Some(channel)) | Scope::Controls(channel) | Scope::Messages(channel) => {
                self.base.may_have_channel(channel)
            }
            Scope::Everywhere(user, _) => Ok(self.is_added_anywhere(user, after) || self.base.may_have_user(user)?),
            Scope::Place(user, None) => self.base.may_have_user(user),
            Scope::Issue(_) => Ok(true),
        }
    }

    /// Whether something in a scope after a key was added.
    fn is_added_after(&self, scope: &Scope, after: &OpKey) -> bool {
        self.scopes.range((Bound::Excluded((*scope, *after)), Bound::Included((*scope, OpKey::MAX)))).next().is_some()
    }

    /// Whether something of a user after a key was added; also where that would take long to tell.
    fn is_added_anywhere(&self, user: &UserId, after: &OpKey) -> bool {
        let mut keys = self.added_of(user);
        keys.by_ref().take(LOOKED_AT_MAX).any(|key| key > after) || keys.next().is_some()
    }

    /// What was added that a user issued or certified, or that is about it.
    fn added_of(&self, user: &UserId) -> impl Iterator<Item = &OpKey> {
        let user = *user;
        let from = self.scopes.range((Scope::Place(user, None), OpKey::MIN)..);
        from.take_while(move |(scope, _)| matches!(scope, Scope::Place(of, _) if *of == user)).map(|(_, key)| key)
    }

    /// What changed, in the order of keys.
    pub fn into_changes(self) -> Changes {
        Changes { facts: self.facts, records: self.records, added: self.added }
    }

    /// The state as it stands before `key`.
    pub fn before_key(&self, key: OpKey) -> BeforeKey<'_, 'a, V> {
        BeforeKey { overlay: self, key }
    }

    fn changed(
        &self,
        register: &Register,
        from: OpKey,
        to: OpKey,
    ) -> impl DoubleEndedIterator<Item = (OpKey, &Option<Value>)> {
        let register = *register;
        self.facts.range((register, from)..=(register, to)).map(|((_, key), value)| (*key, value))
    }
}

impl<V: Views> Views for Overlay<'_, V> {
    type Error = V::Error;

    fn before(&self, register: &Register, key: &OpKey) -> Result<Option<(OpKey, Value)>, V::Error> {
        let mut upto = *key;
        loop {
            let base = self.base.before(register, &upto)?;
            let from = base.as_ref().map_or(OpKey::MIN, |(at, _)| *at);
            let changed = self.changed(register, from, upto).rev().find(|(at, _)| *at < upto);
            match (changed, base) {
                (Some((at, Some(value))), _) => return Ok(Some((at, value.clone()))),
                (Some((at, None)), _) => {
                    upto = self.gaps.get(register).filter(|(_, last)| *last == at).map_or(at, |(first, _)| *first);
                }
                (None, base) => return Ok(base),
            }
        }
    }

    fn at(&self, register: &Register, key: &OpKey) -> Result<Option<Value>, V::Error> {
        match self.facts.get(&(*register, *key)) {
            Some(value) => Ok(value.clone()),
            None => self.base.at(register, key),
        }
    }

    fn after(&self, register: &Register, key: &OpKey) -> Result<Option<OpKey>, V::Error> {
        let mut from = *key;
        loop {
            let base = self.base.after(register, &from)?;
            let upto = base.unwrap_or(OpKey::MAX);
            let changed = self.changed(register, from, upto).find(|(at, _)| *at > from);
            match (changed, base) {
                (Some((at, Some(_))), _) => return Ok(Some(at)),
                (Some((at, None)), _) => from = at,
                (None, base) => return Ok(base),
            }
        }
    }

    fn operation(&self, key: &OpKey) -> Result<Option<Arc<VerifiedOperation>>, V::Error> {
        match self.added.get(key) {
            Some(operation) => Ok(Some(operation.clone())),
            None => self.base.operation(key),
        }
    }

    fn record(&self, operation: &VerifiedOperation) -> Result<Option<Record>, V::Error> {
        match self.records.get(&operation.key()) {
            Some(remembered) => Ok(Some(remembered.record)),
            // What is added is in no log yet.
            None if self.added.contains_key(&operation.key()) => Ok(None),
            None => self.base.record(operation),
        }
    }

    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey, limit: usize) -> Result<Vec<OpKey>, V::Error> {
        if *after >= self.latest || after >= upto {
            return Ok(Vec::new());
        }
        let mut keys: BTreeSet<OpKey> = BTreeSet::new();
        if *after < self.base_latest {
            keys.extend(self.base.dependents(scope, after, upto, limit)?);
        }
        let added = self.scopes.range((*scope, *after)..=(*scope, *upto)).map(|(_, key)| *key);
        keys.extend(added.filter(|key| key > after).take(limit));
        Ok(keys.into_iter().take(limit).collect())
    }

    fn places(&self, user: &UserId, after: &OpKey, from: u32, limit: usize) -> Result<Places, V::Error> {
        let (mut places, mut next) = (Vec::new(), None);
        if *after < self.base_latest {
            (places, next) = self.base.places(user, after, from, limit)?;
        }
        if from == 0 {
            let known: BTreeSet<Option<ChannelId>> = places.iter().copied().collect();
            let mut added: BTreeSet<Option<ChannelId>> = BTreeSet::new();
            for (scope, key) in self.scopes.range((Scope::Place(*user, None), OpKey::MIN)..) {
                match scope {
                    Scope::Place(of, place) if of == user => {
                        added.extend((key > after && !known.contains(place)).then_some(*place));
                    }
                    _ => break,
                }
            }
            places.extend(added);
        }
        Ok((places, next))
    }

    fn work(&self, after: Option<&Work>, limit: usize) -> Result<Vec<(Work, Cause)>, V::Error> {
        self.base.work(after, limit)
    }

    fn is_told_between(&self, channel: &ChannelId, first: &OpKey, second: &OpKey) -> Result<bool, V::Error> {
        self.base.is_told_between(channel, first, second)
    }

    fn may_have_channel(&self, channel: &ChannelId) -> Result<bool, V::Error> {
        let scopes = [Scope::Controls(*channel), Scope::Messages(*channel)];
        let is_added = scopes.iter().any(|scope| self.is_added_after(scope, &OpKey::MIN));
        Ok(is_added || self.base.may_have_channel(channel)?)
    }

    fn may_have_user(&self, user: &UserId) -> Result<bool, V::Error> {
        Ok(self.added_of(user).next().is_some() || self.base.may_have_user(user)?)
    }

    fn latest(&self) -> Result<OpKey, V::Error> {
        Ok(self.latest)
    }
}

/// The state as it stands before a key.
#[derive(Debug)]
pub struct BeforeKey<'o, 'a, V> {
    overlay: &'o Overlay<'a, V>,
    key: OpKey,
}

impl<V: Views> Before for BeforeKey<'_, '_, V> {
    type Error = V::Error;

    fn get(&self, register: &Register) -> Result<Option<Value>, V::Error> {
        Ok(self.overlay.before(register, &self.key)?.map(|(_, value)| value))
    }
}
