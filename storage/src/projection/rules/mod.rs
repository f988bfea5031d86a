//! The rules of ruleset 1: one file per kind. A rule sees the operation and what stands before it, and nothing else.
//! Source: docs/PROTOCOL.md, "Permissions" and "Verdicts".

mod author;
mod channel_close;
mod channel_epoch;
mod channel_members;
mod channel_message;
mod channel_open;
mod user_create;
mod user_update;

use dmpc::{Permissions, UserId, kinds::Payload, operation::SignedOperation};

use super::register::{Register, Value};
use crate::verdict::{Rejection, Verdict};

/// The state as it stands before an operation.
pub trait Before {
    /// Why it cannot be read; `Infallible` in memory.
    type Error;

    /// The value of a register; `None` when nothing was written yet.
    ///
    /// # Errors
    /// When the state cannot be read.
    fn get(&self, register: &Register) -> Result<Option<Value>, Self::Error>;

    /// Whether the register was written.
    ///
    /// # Errors
    /// When the state cannot be read.
    fn has(&self, register: &Register) -> Result<bool, Self::Error> {
        Ok(self.get(register)?.is_some())
    }
}

/// What the rules say of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What it writes; empty unless applied.
    pub writes: Vec<(Register, Value)>,
}

/// What it writes, or why it does not.
type Ruling = Result<Vec<(Register, Value)>, Verdict>;

/// Ends a rule with a verdict that is not `applied`.
macro_rules! require {
    ($condition:expr, $verdict:expr) => {
        if !$condition {
            return Ok(Err($verdict));
        }
    };
}
pub(crate) use require;

/// Judges an operation. Applied wholly or not at all.
///
/// # Errors
/// When the state cannot be read.
pub fn judge<B: Before>(operation: &SignedOperation, before: &B) -> Result<Judgement, B::Error> {
    let ruling = match rule(operation, before)? {
        Ok(writes) => once(operation, before, writes)?,
        Err(verdict) => Err(verdict),
    };
    Ok(match ruling {
        Ok(writes) => Judgement { verdict: Verdict::Applied, writes },
        Err(verdict) => Judgement { verdict, writes: Vec::new() },
    })
}

fn rule<B: Before>(operation: &SignedOperation, before: &B) -> Result<Ruling, B::Error> {
    if let Err(verdict) = author::check(operation, before)? {
        return Ok(Err(verdict));
    }
    match operation.payload() {
        Payload::UserCreate(create) => user_create::rule(operation, create, before),
        Payload::UserUpdate(update) => user_update::rule(operation, update, before),
        Payload::ChannelOpen(open) => channel_open::rule(operation, open, before),
        Payload::ChannelMembers(members) => channel_members::rule(operation, members, before),
        Payload::ChannelEpoch(epoch) => channel_epoch::rule(operation, epoch, before),
        Payload::ChannelMessage(_) => channel_message::rule(operation, before),
        Payload::ChannelClose => channel_close::rule(operation, before),
    }
}

/// An issue takes effect once: by its applicable operation of least key.
fn once<B: Before>(
    operation: &SignedOperation,
    before: &B,
    mut writes: Vec<(Register, Value)>,
) -> Result<Ruling, B::Error> {
    if let Some(issue) = operation.issue() {
        require!(!before.has(&Register::IssueTaken(issue))?, Verdict::Rejected(Rejection::DuplicateIssue));
        writes.push((Register::IssueTaken(issue), Value::Mark));
    }
    Ok(Ok(writes))
}

/// Every register that an operation could write, whatever stands before it.
pub fn touched(operation: &SignedOperation) -> Vec<Register> {
    let mut registers = match operation.payload() {
        Payload::UserCreate(create) => user_create::touched(create),
        Payload::UserUpdate(update) => user_update::touched(update),
        Payload::ChannelOpen(open) => channel_open::touched(operation, open),
        Payload::ChannelMembers(members) => channel_members::touched(operation, members),
        Payload::ChannelEpoch(epoch) => channel_epoch::touched(operation, epoch),
        Payload::ChannelMessage(_) => Vec::new(),
        Payload::ChannelClose => channel_close::touched(operation),
    };
    registers.extend(operation.issue().map(Register::IssueTaken));
    registers
}

/// The global permissions of a user.
pub(crate) fn permissions<B: Before>(user: &UserId, before: &B) -> Result<Permissions, B::Error> {
    let mut held = Permissions::NONE;
    for permission in Permissions::ALL.iter() {
        let value = before.get(&Register::UserPermission(*user, permission.bits()))?;
        if value.is_some_and(|value| value.as_flag()) {
            held = held.union(permission);
        }
    }
    Ok(held)
}

/// Whether a user is active; users are until they are deactivated.
pub(crate) fn is_active<B: Before>(user: &UserId, before: &B) -> Result<bool, B::Error> {
    Ok(before.get(&Register::UserActive(*user))?.is_none_or(|value| value.as_flag()))
}
