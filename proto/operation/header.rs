//! Headers: who says what, where and when.

use bytes::Bytes;
use prost::Message;

use super::{Link, OperationError};
use crate::{
    PROTOCOL_VERSION,
    hlc::Hlc,
    ids::{ChannelId, KeyId, UserId},
    keys::VerifyingKey,
    kinds::Kind,
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// A checked header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the operation does.
    pub kind: Kind,
    /// The channel; present exactly for the channel kinds.
    pub channel: Option<ChannelId>,
    /// Who issues it.
    pub issuer: UserId,
    /// The key that the issuer signs with.
    pub issuer_key: VerifyingKey,
    /// When it was issued.
    pub issued_at: Hlc,
    /// Who is to certify it; absent when the issuer does.
    pub certifier: Option<UserId>,
    /// The epoch; present exactly for messages.
    pub key_id: Option<KeyId>,
    /// The issuer's lane; present exactly when the issuer certifies itself.
    pub link: Option<Link>,
}

impl Header {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::Header = wire::decode(&schemas::HEADER, bytes)?;
        if wire.version != PROTOCOL_VERSION {
            return Err(OperationError::UnknownVersion(wire.version));
        }
        let kind = Kind::from_wire(wire.kind).ok_or(OperationError::UnknownKind(wire.kind))?;
        let issuer_key = wire.issuer_key.as_ref().try_into();
        let issuer_key = issuer_key.map_err(|_| WireError::field("Header", 5, WireFault::Missing))?;
        let header = Self {
            kind,
            channel: present(&wire.channel).map(ChannelId::from_slice).transpose()?,
            issuer: UserId::from_slice(&wire.issuer)?,
            issuer_key: VerifyingKey::from_bytes(issuer_key)?,
            issued_at: Hlc::from_bits(wire.issued_at),
            certifier: present(&wire.certifier).map(UserId::from_slice).transpose()?,
            key_id: present(&wire.key_id).map(KeyId::from_slice).transpose()?,
            link: wire.link.as_ref().map(Link::check).transpose()?,
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), OperationError> {
        if self.channel.is_some() != self.kind.is_channel() {
            return Err(OperationError::ChannelMisplaced);
        }
        if self.key_id.is_some() != (self.kind == Kind::ChannelMessage) {
            return Err(OperationError::KeyIdMisplaced);
        }
        if self.issued_at == Hlc::ZERO {
            return Err(OperationError::ZeroTimestamp);
        }
        if self.certifier == Some(self.issuer) {
            return Err(OperationError::SelfNamed);
        }
        if self.link.is_some() == self.certifier.is_some() {
            return Err(OperationError::LinkMisplaced);
        }
        Ok(())
    }

    pub(super) fn encode(&self) -> Bytes {
        let optional = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice).unwrap_or_default();
        v1::Header {
            version: PROTOCOL_VERSION,
            kind: self.kind.to_wire() as i32,
            channel: optional(self.channel.as_ref().map(AsRef::as_ref)),
            issuer: Bytes::copy_from_slice(self.issuer.as_bytes()),
            issuer_key: Bytes::copy_from_slice(self.issuer_key.as_bytes()),
            issued_at: self.issued_at.bits(),
            certifier: optional(self.certifier.as_ref().map(AsRef::as_ref)),
            key_id: optional(self.key_id.as_ref().map(AsRef::as_ref)),
            link: self.link.map(Link::to_wire),
        }
        .encode_to_vec()
        .into()
    }
}

fn present(bytes: &Bytes) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes.as_ref())
}
