//! `channel.members` needs the right to manage; a member may always remove itself. Members need not be known users yet.

use dmpc::{Rights, kinds::ChannelMembers, operation::SignedOperation};

use super::{Before, Ruling, channel_message::require_open_channel, require};
use crate::{
    projection::register::{Register, Value},
    verdict::{Rejection, Verdict},
};

pub(super) fn rule<B: Before>(
    operation: &SignedOperation,
    members: &ChannelMembers,
    before: &B,
) -> Result<Ruling, B::Error> {
    let rights = match require_open_channel(operation, before)? {
        Ok(rights) => rights,
        Err(verdict) => return Ok(Err(verdict)),
    };
    let leaves = members.set.is_empty() && members.remove == [operation.certifier()] && !rights.is_empty();
    require!(leaves || rights.contains(Rights::MANAGE), Verdict::Rejected(Rejection::RightMissing));
    Ok(Ok(writes(operation, members)))
}

fn writes(operation: &SignedOperation, members: &ChannelMembers) -> Vec<(Register, Value)> {
    let Some(channel) = operation.channel() else { return Vec::new() };
    let set = members.set.iter().map(|member| (member.user, member.rights));
    let removed = members.remove.iter().map(|user| (*user, Rights::NONE));
    set.chain(removed).map(|(user, rights)| (Register::ChannelMember(channel, user), Value::Rights(rights))).collect()
}

pub(super) fn touched(operation: &SignedOperation, members: &ChannelMembers) -> Vec<Register> {
    writes(operation, members).into_iter().map(|(register, _)| register).collect()
}
