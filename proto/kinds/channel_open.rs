//! `channel.open`: makes a channel. Its id is the hash of issuer and genesis, so nobody can squat or replace it.

use bytes::Bytes;
use prost::Message;

use super::wraps::{EpochWraps, Member, Wrap, missing};
use crate::{
    hash::Domain,
    ids::{ChannelId, KeyId, UserId},
    operation::OperationError,
    v1,
    wire::{self, schemas},
};

/// Payload of `channel.open`.
#[derive(Clone, Debug)]
pub struct ChannelOpen {
    /// A label for people; may be empty.
    pub name: String,
    /// First members beside the opener. Ascending by user.
    pub members: Vec<Member>,
    /// The first epoch.
    pub epoch: EpochWraps,
}

impl ChannelOpen {
    pub(super) fn decode(channel: Option<ChannelId>, issuer: &UserId, bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::ChannelOpen = wire::decode(&schemas::CHANNEL_OPEN, bytes)?;
        let genesis: v1::ChannelGenesis = wire::decode(&schemas::CHANNEL_GENESIS, &wire.genesis)?;
        if genesis.nonce.is_empty() {
            return Err(missing("ChannelGenesis", 1));
        }
        if channel != Some(channel_id(issuer, &wire.genesis)) {
            return Err(OperationError::ChannelIdMismatch);
        }
        let members = Member::check_all(genesis.members)?;
        if members.iter().any(|member| member.user == *issuer) {
            return Err(OperationError::OpenerListed);
        }
        let epoch = EpochWraps::check(v1::EpochWraps { key_id: genesis.key_id, wraps: wire.wraps })?;
        let is_member = |user: &UserId| members.binary_search_by_key(user, |member| member.user).is_ok();
        if !epoch.wraps.iter().all(|wrap| wrap.user == *issuer || is_member(&wrap.user)) {
            return Err(OperationError::WrapForStranger);
        }
        Ok(Self { name: genesis.name, members, epoch })
    }

    /// Encodes a genesis; [`channel_id`] of it names the channel, for which wraps can then be made.
    pub fn encode_genesis(nonce: [u8; 32], name: &str, members: &[Member], key_id: &KeyId) -> Bytes {
        v1::ChannelGenesis {
            nonce: Bytes::copy_from_slice(&nonce),
            name: name.to_owned(),
            members: members.iter().map(|member| member.to_wire()).collect(),
            key_id: Bytes::copy_from_slice(key_id.as_bytes()),
        }
        .encode_to_vec()
        .into()
    }

    /// Encodes an open.
    pub fn encode(genesis: Bytes, wraps: &[Wrap]) -> Vec<u8> {
        v1::ChannelOpen { genesis, wraps: wraps.iter().map(Wrap::to_wire).collect() }.encode_to_vec()
    }
}

/// The id of the channel that `opener` opens with this encoded genesis.
pub fn channel_id(opener: &UserId, genesis: &[u8]) -> ChannelId {
    ChannelId::from_bytes(Domain::ChannelId.hash(&[opener.as_bytes(), genesis]))
}
