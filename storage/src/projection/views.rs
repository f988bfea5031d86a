//! What the engine asks of the views. The node's are in RocksDB; tests, audits and simulations keep them in memory.

use std::sync::Arc;

use dmpc::{ChannelId, OpKey, SignedOperation, UserId, VerifiedOperation, kinds::Kind};

use super::{
    register::{Register, Scope, Value},
    work::{Cause, Work},
};
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

    /// The first keys, strictly after `after` and up to `upto`, of the operations that a change in `scope` can concern,
    /// ascending: `limit` of them, or all there are. It may name too many, and never too few. A scope that is spread
    /// over places has none itself.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn dependents(&self, scope: &Scope, after: &OpKey, upto: &OpKey, limit: usize) -> Result<Vec<OpKey>, Self::Error>;

    /// The places in which a user may have operations after `after`, from the one numbered `from` on; about `limit` of
    /// them, and the number to go on from if there are more. Places get greater numbers the later they are heard of.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn places(&self, user: &UserId, after: &OpKey, from: u32, limit: usize) -> Result<Places, Self::Error>;

    /// The first `limit` ranges that are still to be judged again, after one or from the beginning, ascending.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn work(&self, after: Option<&Work>, limit: usize) -> Result<Vec<(Work, Cause)>, Self::Error>;

    /// Whether subscribers were ever told of a message that stands between two of the same channel. It may say yes
    /// where there are too many messages to look at.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn is_told_between(&self, channel: &ChannelId, first: &OpKey, second: &OpKey) -> Result<bool, Self::Error>;

    /// Whether the log may hold an operation of a channel.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn may_have_channel(&self, channel: &ChannelId) -> Result<bool, Self::Error>;

    /// Whether the log may hold an operation that a user issued or certified, or that is about it.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn may_have_user(&self, user: &UserId) -> Result<bool, Self::Error>;

    /// The greatest key in the log.
    ///
    /// # Errors
    /// When the views cannot be read.
    fn latest(&self) -> Result<OpKey, Self::Error>;
}

/// Places, and the number to go on from if there are more.
pub type Places = (Vec<Option<ChannelId>>, Option<u32>);

/// The scopes that an operation is in; the definition of what [`Views::dependents`] looks for.
pub fn scopes_of(operation: &VerifiedOperation) -> Vec<Scope> {
    let place = operation.channel();
    let authors = [operation.issuer(), operation.certifier()];
    let concerned = authors.into_iter().chain(subject(operation));
    let mut scopes: Vec<Scope> = concerned.map(|user| Scope::Place(user, place)).collect();
    if operation.kind() == Kind::ChannelOpen {
        scopes.extend(authors.map(|user| Scope::Place(user, None)));
    }
    let is_message = operation.kind() == Kind::ChannelMessage;
    scopes.extend(place.map(|channel| if is_message { Scope::Messages(channel) } else { Scope::Controls(channel) }));
    scopes.extend(operation.issue().map(Scope::Issue));
    scopes
}

/// The user that an operation is about.
pub fn subject(operation: &SignedOperation) -> Option<dmpc::UserId> {
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
