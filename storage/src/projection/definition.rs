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

/// The state in the course of the fold. The map is only looked up, never iterated.
#[derive(Debug, Default)]
struct State(HashMap<Register, Value>);

impl Before for State {
    type Error = Infallible;

    fn get(&self, register: &Register) -> Result<Option<Value>, Infallible> {
        Ok(self.0.get(register).cloned())
    }
}

/// The fold.
#[derive(Debug)]
pub struct Definition {
    state: State,
    digests: Digests,
    /// The elements of each channel, if asked for.
    channels: Option<BTreeMap<ChannelId, LtHash>>,
    last: OpKey,
}

/// An operation stands before one that was folded already: the caller broke the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operation {0:?} does not stand after the one before it")]
pub struct OutOfOrder(pub OpKey);

impl Definition {
    /// Starts from the roots.
    pub fn new(genesis: &Genesis) -> Self {
        let state = State(genesis.roots.iter().flat_map(root_facts).collect());
        Self { state, digests: Digests::default(), channels: None, last: OpKey::MIN }
    }

    /// Keeps the digest of each channel too.
    #[must_use]
    pub fn with_channels(mut self) -> Self {
        self.channels = Some(BTreeMap::new());
        self
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
        self.digests.log.add(log_element(&key.id));
        if judgement.verdict.is_applied()
            && let Some(element) = accepted_message(operation)
        {
            self.add(operation.channel(), &element);
        }
        for (register, value) in &judgement.writes {
            if let Some(element) = fact_element(register, &key, value) {
                self.add(register.channel(), &element);
            }
            self.state.0.insert(*register, value.clone());
        }
        Ok(judgement)
    }

    fn add(&mut self, channel: Option<ChannelId>, element: &[u8]) {
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

    /// The digests of what was folded.
    pub fn digests(&self) -> &Digests {
        &self.digests
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
