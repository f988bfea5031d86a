//! Channels, members and epochs as they are printed.

use dmpc::{ChannelId, Hlc, KeyId, Rights, UserId, v1};
use serde::Serialize;

use crate::{
    answer::id,
    error::CliError,
    output::{Output, plain},
    time,
};

/// A channel.
#[derive(Serialize, Debug)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) opener: String,
    pub(crate) opened_at: String,
    pub(crate) closed: bool,
    pub(crate) closed_at: Option<String>,
    pub(crate) messages: u64,
    pub(crate) members: u64,
    /// The reader's own rights.
    pub(crate) rights: String,
}

/// A member.
#[derive(Serialize, Debug)]
pub(crate) struct Member {
    user: String,
    name: Option<String>,
    rights: String,
}

/// An epoch.
#[derive(Serialize, Debug)]
pub(crate) struct Epoch {
    pub(crate) key_id: String,
    pub(crate) introduced_at: String,
    /// Whether the reader has its key.
    pub(crate) readable: bool,
}

/// As the node says it.
pub(crate) fn channel(channel: &v1::Channel) -> Result<Channel, CliError> {
    let closed_at = (channel.closed_at != 0).then(|| time::rfc3339(Hlc::from_bits(channel.closed_at)));
    Ok(Channel {
        id: id(ChannelId::from_slice(&channel.id))?.to_string(),
        name: channel.name.clone(),
        opener: id(UserId::from_slice(&channel.opener))?.to_string(),
        opened_at: time::rfc3339(Hlc::from_bits(channel.opened_at)),
        closed: closed_at.is_some(),
        closed_at,
        messages: channel.messages,
        members: channel.members,
        rights: rights(channel.rights)?,
    })
}

/// As the node says it.
pub(crate) fn member(member: &v1::ChannelMember) -> Result<Member, CliError> {
    Ok(Member {
        user: id(UserId::from_slice(&member.user))?.to_string(),
        name: (!member.display_name.is_empty()).then(|| member.display_name.clone()),
        rights: rights(member.rights)?,
    })
}

/// As the node says it.
pub(crate) fn epoch(epoch: &v1::Epoch, readable: impl Fn(&KeyId) -> bool) -> Result<Epoch, CliError> {
    let key_id = id(KeyId::from_slice(&epoch.key_id))?;
    Ok(Epoch {
        key_id: key_id.to_string(),
        introduced_at: time::rfc3339(Hlc::from_bits(epoch.introduced_at)),
        readable: readable(&key_id),
    })
}

/// Members, for people.
pub(crate) fn member_table(output: &mut Output, members: &[Member]) -> Result<(), CliError> {
    let row =
        |member: &Member| vec![plain(member.name.as_deref().unwrap_or("")), member.user.clone(), member.rights.clone()];
    output.table(&["NAME", "USER", "RIGHTS"], members.iter().map(row).collect())
}

fn rights(bits: u32) -> Result<String, CliError> {
    let rights = Rights::from_bits(bits);
    let rights = rights.ok_or_else(|| CliError::Answer("rights that this version does not know".to_owned()))?;
    Ok(rights.to_string())
}
