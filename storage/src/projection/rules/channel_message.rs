//! `channel.message` needs the right to write in an open channel, and an epoch that was introduced before.

use dmpc::{Rights, operation::SignedOperation};

use super::{Before, Ruling, require};
use crate::{
    projection::register::{Register, Value},
    verdict::{Missing, Rejection, Verdict},
};

pub(super) fn rule<B: Before>(operation: &SignedOperation, before: &B) -> Result<Ruling, B::Error> {
    let rights = match require_open_channel(operation, before)? {
        Ok(rights) => rights,
        Err(verdict) => return Ok(Err(verdict)),
    };
    require!(rights.contains(Rights::WRITE), Verdict::Rejected(Rejection::RightMissing));
    if let (Some(channel), Some(key_id)) = (operation.channel(), operation.header().key_id) {
        let epoch = Register::ChannelEpoch(channel, key_id);
        require!(before.has(&epoch)?, Verdict::Pending(Missing::Epoch));
    }
    Ok(Ok(Vec::new()))
}

/// What every kind but the open asks of its channel: opened, not closed. Gives the certifier's rights in it.
pub(super) fn require_open_channel<B: Before>(
    operation: &SignedOperation,
    before: &B,
) -> Result<Result<Rights, Verdict>, B::Error> {
    let Some(channel) = operation.channel() else { return Ok(Err(Verdict::Pending(Missing::Channel))) };
    require!(before.has(&Register::ChannelOpened(channel))?, Verdict::Pending(Missing::Channel));
    require!(!before.has(&Register::ChannelClosed(channel))?, Verdict::Rejected(Rejection::ChannelClosed));
    let rights = before.get(&Register::ChannelMember(channel, operation.certifier()))?;
    Ok(Ok(rights.as_ref().map_or(Rights::NONE, Value::as_rights)))
}
