//! `channel.epoch` needs the right to manage. It opens an epoch or, naming a known one, adds wraps.

use dmpc::{Rights, kinds::ChannelEpoch, operation::SignedOperation};

use super::{Before, Ruling, channel_message::require_open_channel, require};
use crate::{
    projection::register::{Register, Value},
    verdict::{Rejection, Verdict},
};

pub(super) fn rule<B: Before>(
    operation: &SignedOperation,
    epoch: &ChannelEpoch,
    before: &B,
) -> Result<Ruling, B::Error> {
    let rights = match require_open_channel(operation, before)? {
        Ok(rights) => rights,
        Err(verdict) => return Ok(Err(verdict)),
    };
    require!(rights.contains(Rights::MANAGE), Verdict::Rejected(Rejection::RightMissing));
    let writes = writes(operation, epoch);
    if let Some((introduced, _)) = writes.first()
        && before.has(introduced)?
    {
        return Ok(Ok(Vec::new()));
    }
    Ok(Ok(writes))
}

fn writes(operation: &SignedOperation, epoch: &ChannelEpoch) -> Vec<(Register, Value)> {
    let Some(channel) = operation.channel() else { return Vec::new() };
    let key_id = epoch.epoch.key_id;
    vec![
        (Register::ChannelEpoch(channel, key_id), Value::Mark),
        (Register::ChannelCurrentEpoch(channel), Value::Key(*key_id.as_bytes())),
    ]
}

pub(super) fn touched(operation: &SignedOperation, epoch: &ChannelEpoch) -> Vec<Register> {
    writes(operation, epoch).into_iter().map(|(register, _)| register).collect()
}
