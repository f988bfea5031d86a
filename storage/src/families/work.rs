//! `work`: ranges of operations that are still to be judged again. Empty but for a large re-judgement in its course;
//! taken up in the order of keys.
//!
//! ```text
//! key    OpKey 40 | due u8 | scope u8 | user or channel or issue id 32 | channel id 32, or place u32, or nothing | last OpKey 40
//! value  user id 32: whose operation caused it
//! due    0 judge the operation at the key, 1 look for the first one after it
//! scope  1 everywhere of a user, from a place on; 2 of a user among operations on users; 3 of a user in a channel;
//!        4 controls of a channel, 5 messages of a channel; 6 certifications of an issue
//! ```

use dmpc::{ChannelId, IssueId, OpKey, UserId};

use super::split_u32;
use crate::projection::{
    register::Scope,
    work::{Due, Work},
};

/// The key of a range.
pub(crate) fn key(work: &Work) -> Vec<u8> {
    let due = match work.due {
        Due::Judge => 0,
        Due::Look => 1,
    };
    [work.at.to_bytes().as_slice(), &[due], &scope_bytes(&work.scope), &work.upto.to_bytes()].concat()
}

fn scope_bytes(scope: &Scope) -> Vec<u8> {
    match scope {
        Scope::Everywhere(user, from) => [&[1], user.as_bytes().as_slice(), &from.to_be_bytes()].concat(),
        Scope::Place(user, None) => [&[2], user.as_bytes().as_slice()].concat(),
        Scope::Place(user, Some(channel)) => [&[3], user.as_bytes().as_slice(), channel.as_bytes()].concat(),
        Scope::Controls(channel) => [&[4], channel.as_bytes().as_slice()].concat(),
        Scope::Messages(channel) => [&[5], channel.as_bytes().as_slice()].concat(),
        Scope::Issue(issue) => [&[6], issue.as_bytes().as_slice()].concat(),
    }
}

/// The range of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<Work> {
    let (at, rest) = bytes.split_first_chunk::<{ OpKey::LEN }>()?;
    let (due, rest) = rest.split_first()?;
    let (scope, upto) = rest.split_last_chunk::<{ OpKey::LEN }>()?;
    let due = match due {
        0 => Due::Judge,
        1 => Due::Look,
        _ => return None,
    };
    Some(Work { at: OpKey::from_slice(at).ok()?, due, scope: parse_scope(scope)?, upto: OpKey::from_slice(upto).ok()? })
}

fn parse_scope(bytes: &[u8]) -> Option<Scope> {
    let (tag, rest) = bytes.split_first()?;
    let (id, rest) = rest.split_first_chunk::<32>()?;
    match (tag, rest) {
        (1, from) => split_u32(from).map(|(from, _)| Scope::Everywhere(UserId::from_bytes(*id), from)),
        (2, []) => Some(Scope::Place(UserId::from_bytes(*id), None)),
        (3, channel) => Some(Scope::Place(UserId::from_bytes(*id), Some(ChannelId::from_slice(channel).ok()?))),
        (4, []) => Some(Scope::Controls(ChannelId::from_bytes(*id))),
        (5, []) => Some(Scope::Messages(ChannelId::from_bytes(*id))),
        (6, []) => Some(Scope::Issue(IssueId::from_bytes(*id))),
        _ => None,
    }
}

/// The value: who caused it.
pub(crate) fn value(cause: &UserId) -> [u8; 32] {
    *cause.as_bytes()
}

/// Who caused it.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<UserId> {
    UserId::from_slice(bytes).ok()
}
