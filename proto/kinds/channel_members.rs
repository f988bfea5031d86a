//! `channel.members`: adds members, changes their rights, removes them, and hands epoch keys to those who were set.

use bytes::Bytes;
use prost::Message;

use super::wraps::{EpochWraps, Member, require_ascending, require_bounded};
use crate::{
    ids::UserId,
    operation::OperationError,
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// Payload of `channel.members`. At least one member is set or removed.
#[derive(Clone, Debug)]
pub struct ChannelMembers {
    /// Members added, or given other rights. Ascending by user.
    pub set: Vec<Member>,
    /// Members removed, none of those set. Ascending.
    pub remove: Vec<UserId>,
    /// Keys for those who were set. Ascending by key id, none without wraps.
    pub epochs: Vec<EpochWraps>,
}

impl ChannelMembers {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::ChannelMembers = wire::decode(&schemas::CHANNEL_MEMBERS, bytes)?;
        let set = Member::check_all(wire.set)?;
        let remove = wire.remove.iter().map(|id| UserId::from_slice(id)).collect::<Result<Vec<_>, _>>()?;
        require_ascending(remove.iter())?;
        let epochs = wire.epochs.into_iter().map(EpochWraps::check).collect::<Result<Vec<_>, _>>()?;
        require_bounded(&epochs)?;
        if !epochs.is_sorted_by(|left, right| left.key_id < right.key_id) {
            return Err(OperationError::NotAscending);
        }
        if epochs.iter().any(|epoch| epoch.wraps.is_empty()) {
            return Err(OperationError::Empty);
        }
        if set.len() + remove.len() > schemas::MEMBERS_MAX {
            return Err(WireError::field("ChannelMembers", 2, WireFault::TooMany(schemas::MEMBERS_MAX)).into());
        }
        if set.is_empty() && remove.is_empty() {
            return Err(OperationError::Empty);
        }
        let is_set = |user: &UserId| set.binary_search_by_key(user, |member| member.user).is_ok();
        if remove.iter().any(is_set) {
            return Err(OperationError::SetAndRemoved);
        }
        if !epochs.iter().flat_map(|epoch| &epoch.wraps).all(|wrap| is_set(&wrap.user)) {
            return Err(OperationError::WrapForStranger);
        }
        Ok(Self { set, remove, epochs })
    }

    /// Encodes a change of members.
    pub fn encode(set: &[Member], remove: &[UserId], epochs: &[EpochWraps]) -> Vec<u8> {
        v1::ChannelMembers {
            set: set.iter().map(|member| member.to_wire()).collect(),
            remove: remove.iter().map(|user| Bytes::copy_from_slice(user.as_bytes())).collect(),
            epochs: epochs.iter().map(EpochWraps::to_wire).collect(),
            ..Default::default()
        }
        .encode_to_vec()
    }
}
