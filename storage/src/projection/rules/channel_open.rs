//! `channel.open` needs channel.add. The opener has all four rights.

use dmpc::{Permissions, Rights, kinds::ChannelOpen, operation::SignedOperation};

use super::{Before, Ruling, permissions, require};
use crate::{
    projection::register::{Register, Value},
    verdict::{Rejection, Verdict},
};

pub(super) fn rule<B: Before>(operation: &SignedOperation, open: &ChannelOpen, before: &B) -> Result<Ruling, B::Error> {
    let held = permissions(&operation.certifier(), before)?;
    require!(held.contains(Permissions::CHANNEL_ADD), Verdict::Rejected(Rejection::PermissionMissing));
    let writes = writes(operation, open);
    if let Some((opened @ Register::ChannelOpened(_), _)) = writes.first() {
        require!(!before.has(opened)?, Verdict::Rejected(Rejection::ChannelExists));
    }
    Ok(Ok(writes))
}

fn writes(operation: &SignedOperation, open: &ChannelOpen) -> Vec<(Register, Value)> {
    let Some(channel) = operation.channel() else { return Vec::new() };
    let opener = operation.issuer();
    let key_id = open.epoch.key_id;
    let mut writes = vec![
        (Register::ChannelOpened(channel), Value::Opened(opener, open.name.as_str().into())),
        (Register::ChannelEpoch(channel, key_id), Value::Mark),
        (Register::ChannelCurrentEpoch(channel), Value::Key(*key_id.as_bytes())),
        (Register::ChannelMember(channel, opener), Value::Rights(Rights::ALL)),
    ];
    let members = open.members.iter();
    writes.extend(members.map(|m| (Register::ChannelMember(channel, m.user), Value::Rights(m.rights))));
    writes
}

pub(super) fn touched(operation: &SignedOperation, open: &ChannelOpen) -> Vec<Register> {
    writes(operation, open).into_iter().map(|(register, _)| register).collect()
}
