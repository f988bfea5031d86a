//! The definition: start from the roots, judge every operation in the order of keys, apply what is to be applied.
//! This is the specification; the engine must give the same result for every order of arrival, and audits run this.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use dmpc::{ChannelId, OpKey, Permissions, operation::SignedOperation};

use super::{
    register::{Register, Value, permission_registers},
    rules::{self, Before, Judgement},
};
use crate::{
    Genesis, Root,
    digest::{Digests, LtHash, channel_digest, fact_element, log_element, message_element},
};

/// The state in the course of the fold: what stands in each register, and since which operation.
#[derive(Debug, Default)]
pub struct State(HashMap<Register, (OpKey, Value), foldhash::fast::RandomState>);

impl State {
    /// What stands in a register, and the operation that put it there; [`OpKey::MIN`] for what roots begin with.
    pub fn entry(&self, register: &Register) -> Option<&(OpKey, Value)> {
        self.0.get(register)
    }

    /// Every register with what stands in it, in no order: whoever decides something by it sorts it first.
    pub fn entries(&self) -> impl Iterator<Item = (&Register, &(OpKey, Value))> {
        self.0.iter()
    }
}

impl Before for State {
    type Error = Infallible;

    fn get(&self, register: &Register) -> Result<Option<Value>, Infallible> {
        Ok(self.0.get(register).map(|(_, value)| value.clone()))
    }

    fn has(&self, register: &Register) -> Result<bool, Infallible> {
        Ok(self.0.contains_key(register))
    }
}

/// The fold: judges each operation by what stands before it, and writes what it writes.
#[derive(Debug)]
pub struct Fold {
    state: State,
    last: OpKey,
}

/// An operation stands before one that was folded already: the caller broke the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operation {0:?} does not stand after the one before it")]
pub struct OutOfOrder(pub OpKey);

impl Fold {
    /// Starts from the roots.
    pub fn new(genesis: &Genesis) -> Self {
        let facts = genesis.roots.iter().flat_map(root_facts);
        let state = facts.map(|(register, value)| (register, (OpKey::MIN, value))).collect();
        Self { state: State(state), last: OpKey::MIN }
    }

    /// Folds the next operation.
    ///
    /// # Errors
    /// [`OutOfOrder`] unless its key is greater than all before.
    pub fn fold(&mut self, operation: &SignedOperation) -> Result<Judgement, OutOfOrder> {
        let key = operation.key();
        if key <= self.last {
            return Err(OutOfOrder(key));
        }
        self.last = key;
        let Ok(judgement) = rules::judge(operation, &self.state);
        for (register, value) in &judgement.writes {
            self.state.0.insert(*register, (key, value.clone()));
        }
        Ok(judgement)
    }

    /// What stands in the registers after what was folded.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// The digests of what was folded: sums over operations and their judgements, in any order.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    digests: Digests,
    /// The elements of each channel, if asked for.
    channels: Option<BTreeMap<ChannelId, LtHash>>,
}

impl Sums {
    /// Of nothing; with the digest of each channel, if asked for.
    pub fn new(with_channels: bool) -> Self {
        Self { digests: Digests::default(), channels: with_channels.then(BTreeMap::new) }
    }

    /// Adds an operation that was folded.
    pub fn add(&mut self, operation: &SignedOperation, judgement: &Judgement) {
        let key = operation.key();
        self.digests.log.add(log_element(&key.id));
        if judgement.verdict.is_applied()
            && let Some(element) = accepted_message(operation)
        {
            self.element(operation.channel(), &element);
        }
        for (register, value) in &judgement.writes {
            if let Some(element) = fact_element(register, &key, value) {
                self.element(register.channel(), &element);
            }
        }
    }

    /// Adds what another sum holds.
    pub fn merge(&mut self, other: &Self) {
        self.digests.state.merge(&other.digests.state);
        self.digests.log.merge(&other.digests.log);
        if let Some(channels) = &mut self.channels {
            for (channel, elements) in other.channels.iter().flatten() {
                channels.entry(*channel).or_default().merge(elements);
            }
        }
    }

    fn element(&mut self, channel: Option<ChannelId>, element: &[u8]) {
        self.digests.state.add(element);
        if let (Some(channels), Some(channel)) = (&mut self.channels, channel) {
            channels.entry(channel).or_default().add(element);
        }
    }

    /// The digest of each channel, comparable between nodes with other roots; empty unless asked for.
    pub fn channel_digests(&self) -> BTreeMap<ChannelId, [u8; 32]> {
        let channels = self.channels.iter().flatten();
        channels.map(|(channel, elements)| (*channel, channel_digest(channel, elements))).collect()
    }

    /// The digests.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }
}

/// The fold together with its digests.
#[derive(Debug)]
pub struct Definition {
    fold: Fold,
    sums: Sums,
}

impl Definition {
    /// Starts from the roots.
    pub fn new(genesis: &Genesis) -> Self {
        Self { fold: Fold::new(genesis), sums: Sums::default() }
    }

    /// Keeps the digest of each channel too.
    #[must_use]
    pub fn with_channels(mut self) -> Self {
        self.sums = Sums::new(true);
        self
    }

    /// Folds the next operation.
    ///
    /// # Errors
    /// [`OutOfOrder`] unless its key is greater than all before.
    pub fn fold(&mut self, operation: &SignedOperation) -> Result<Judgement, OutOfOrder> {
        let judgement = self.fold.fold(operation)?;
        self.sums.add(operation, &judgement);
        Ok(judgement)
    }

    /// The digest of each channel, comparable between nodes with other roots; empty unless asked for.
    pub fn channel_digests(&self) -> BTreeMap<ChannelId, [u8; 32]> {
        self.sums.channel_digests()
    }

    /// The digests of what was folded.
    pub fn digests(&self) -> &Digests {
        self.sums.digests()
    }
}

/// The digest's element of a message.
pub(crate) fn accepted_message(operation: &SignedOperation) -> Option<Vec<u8>> {
    let is_message = operation.kind() == dmpc::kinds::Kind::ChannelMessage;
    operation.channel().filter(|_| is_message).map(|channel| message_element(&channel, &operation.key()))
}

/// What a root is, before every operation.
pub fn root_facts(root: &Root) -> Vec<(Register, Value)> {
    let user = root.user;
    permission_registers(user, Permissions::ALL)
        .map(|register| (register, Value::Flag(true)))
        .chain([
            (Register::UserRoot(user), Value::Mark),
            (Register::UserCreated(user), Value::Mark),
            (Register::UserSigningKey(user), Value::Key(*root.signing_key.as_bytes())),
            (Register::UserEncryptionKey(user), Value::Key(*root.encryption_key.as_bytes())),
        ])
        .collect()
}
