//! `channel.close` needs the right to close. It is final: the earliest valid one counts.

use dmpc::{Rights, operation::SignedOperation};

use super::{Before, Ruling, channel_message::require_open_channel, require};
use crate::{
    projection::register::{Register, Value},
    verdict::{Rejection, Verdict},
};

pub(super) fn rule<B: Before>(operation: &SignedOperation, before: &B) -> Result<Ruling, B::Error> {
    let rights = match require_open_channel(operation, before)? {
        Ok(rights) => rights,
        Err(verdict) => return Ok(Err(verdict)),
    };
    require!(rights.contains(Rights::CLOSE), Verdict::Rejected(Rejection::RightMissing));
    Ok(Ok(touched(operation).into_iter().map(|register| (register, Value::Mark)).collect()))
}

pub(super) fn touched(operation: &SignedOperation) -> Vec<Register> {
    operation.channel().map(Register::ChannelClosed).into_iter().collect()
}
