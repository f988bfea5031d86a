//! A channel that is to be opened: nonce, name, members. It has no key: that is made when the open is drafted, where the wraps
//! are made too. Its bytes are a `ChannelGenesis` without a key id.

use bytes::Bytes;
use dmpc::{
    Rights, UserId,
    error::Classified,
    kinds::Member,
    v1,
    wire::{self, schemas},
};
use prost::Message;

use super::ObjectError;
use crate::{hex, view::Fields};

const TAG: &str = "channel";

/// A channel that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelDraft {
    /// Makes its id unique.
    pub nonce: [u8; 32],
    /// For people; may be empty.
    pub name: String,
    /// Beside the opener; ascending, none twice.
    pub members: Vec<Member>,
}

impl ChannelDraft {
    pub(super) fn encode(&self) -> Bytes {
        let genesis = v1::ChannelGenesis {
            nonce: Bytes::copy_from_slice(&self.nonce),
            name: self.name.clone(),
            members: self.members.iter().map(|member| member.to_wire()).collect(),
            key_id: Bytes::new(),
        };
        genesis.encode_to_vec().into()
    }

    pub(super) fn decode(bytes: &Bytes) -> Result<Self, ObjectError> {
        let refused = |error: &dyn Classified| ObjectError::content(TAG)(error);
        let malformed = |what| ObjectError::malformed(TAG, what);
        let wire: v1::ChannelGenesis =
            wire::decode(&schemas::CHANNEL_GENESIS, bytes).map_err(|error| refused(&error))?;
        if !wire.key_id.is_empty() {
            return Err(malformed("it names a key already"));
        }
        let nonce = wire.nonce.as_ref().try_into().map_err(|_| malformed("there is no nonce"))?;
        let mut members = Vec::with_capacity(wire.members.len());
        for member in wire.members {
            let user = UserId::from_slice(&member.user).map_err(|_| malformed("a member has no id"))?;
            let rights = Rights::from_bits(member.rights).filter(|rights| !rights.is_empty());
            members.push(Member { user, rights: rights.ok_or_else(|| malformed("a member has no rights"))? });
        }
        if !members.is_sorted_by(|left: &Member, right: &Member| left.user < right.user) {
            return Err(malformed("members do not ascend"));
        }
        Ok(Self { nonce, name: wire.name, members })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text_unless_empty("name", &self.name);
        fields.members("members", &self.members);
        fields.text("nonce", hex::encode(&self.nonce));
        fields
    }
}
