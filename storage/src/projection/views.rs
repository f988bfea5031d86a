//! What the engine asks of the views. The node's are in RocksDB; tests, audits and simulations keep them in memory.

use std::sync::Arc;

use dmpc::{OpKey, VerifiedOperation};

use super::register::{Register, Scope, Value};
use crate::verdict::Verdict;

/// What is remembered of a logged operation beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether subscribers were told that it is applied, at any time.
    pub announced: bool,
    /// Its local sequence: the order in which the node learnt of operations.
    pub arrival: u64,
}

/// The temporal views, and the indexes that find what a change concerns.
pub trait Views {
    /// Why they cannot be read; `Infallible` in memory.
    type Error;

    /// The last entry of a register strictly before `key`.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn before(&self, register: &Register, key: &OpKey) -> Result<Option<(OpKey, Value)>, Self::Error>;

    /// The entry of a register exactly at `key`.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn at(&self, register: &Register, key: &OpKey) -> Result<Option<Value>, Self::Error>;

    /// The key of the first entry of a register strictly after `key`.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn after(&self, register: &Register, key: &OpKey) -> Result<Option<OpKey>, Self::Error>;

    /// A logged operation.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn operation(&self, key: &OpKey) -> Result<Option<Arc<VerifiedOperation>>, Self::Error>;

    /// What is remembered of a logged operation.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn record(&self, operation: &VerifiedOperation) -> Result<Option<Record>, Self::Error>;

    /// The keys, strictly after `after` and up to `upto`, of the operations that a change in `scope` can concern.
    /// It may name too many, and never too few.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey) -> Result<Vec<OpKey>, Self::Error>;

    /// The greatest key in the log.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn latest(&self) -> Result<OpKey, Self::Error>;
}

/// Whether a change in `scope` can concern an operation; the definition of what [`Views::dependents`] looks for.
pub fn concerns(scope: &Scope, operation: &VerifiedOperation) -> bool {
    match scope {
        Scope::User(user) => {
            operation.issuer() == *user || operation.certifier() == *user || subject(operation) == Some(*user)
        }
        Scope::Channel(channel) => operation.channel() == Some(*channel),
        Scope::Member(channel, user) => operation.channel() == Some(*channel) && operation.certifier() == *user,
        Scope::Issue(issue) => operation.issue() == Some(*issue),
        Scope::Nothing => false,
    }
}

/// The user that an operation is about.
pub fn subject(operation: &VerifiedOperation) -> Option<dmpc::UserId> {
    use dmpc::kinds::Payload;
    match operation.payload() {
        Payload::UserCreate(create) => Some(create.user),
        Payload::UserUpdate(update) => Some(update.user),
        Payload::ChannelOpen(_)
        | Payload::ChannelMembers(_)
        | Payload::ChannelEpoch(_)
        | Payload::ChannelMessage(_)
        | Payload::ChannelClose => None,
    }
}
