//! `user.update`: writes fields of a user; those absent keep their value.

use bytes::Bytes;
use prost::Message;

use super::{user_create::countersignature_check, wraps::missing};
use crate::{
    ids::UserId,
    keys::{Check, EncryptionKey, Signature, VerifyingKey},
    operation::OperationError,
    permissions::Permissions,
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// Payload of `user.update`. At least one field is written.
#[derive(Clone, Debug)]
pub struct UserUpdate {
    /// The subject.
    pub user: UserId,
    /// Deactivate or reactivate.
    pub active: Option<bool>,
    /// A new encryption key.
    pub encryption_key: Option<EncryptionKey>,
    /// A new signing key, with its proof.
    pub signing_key: Option<(VerifyingKey, Signature)>,
    /// Permissions granted.
    pub grant: Permissions,
    /// Permissions revoked; none of those granted.
    pub revoke: Permissions,
    /// A new name; may be empty.
    pub display_name: Option<String>,
}

/// One thing that an update writes, for those who build one.
#[derive(Clone, Debug)]
pub enum FieldWrite {
    /// Deactivate or reactivate.
    Active(bool),
    /// A new encryption key.
    EncryptionKey(EncryptionKey),
    /// A new signing key with its countersignature.
    SigningKey(VerifyingKey, Signature),
    /// Permissions granted.
    Grant(Permissions),
    /// Permissions revoked.
    Revoke(Permissions),
    /// A new name.
    DisplayName(String),
}

impl UserUpdate {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let bad = |field| WireError::field("UserUpdate", field, WireFault::BadValue);
        let wire: v1::UserUpdate = wire::decode(&schemas::USER_UPDATE, bytes)?;
        let key = |bytes: &Bytes, field| -> Result<Option<[u8; 32]>, OperationError> {
            (!bytes.is_empty()).then(|| bytes.as_ref().try_into().map_err(|_| missing("UserUpdate", field))).transpose()
        };
        let signing_key = match (key(&wire.signing_key, 4)?, wire.countersignature.as_ref()) {
            (None, []) => None,
            (None, _) => return Err(bad(5).into()),
            (Some(key), signature) => {
                let signature = signature.try_into().map_err(|_| missing("UserUpdate", 5))?;
                Some((VerifyingKey::from_bytes(key)?, Signature(signature)))
            }
        };
        let update = Self {
            user: UserId::from_slice(&wire.user)?,
            active: wire.active,
            encryption_key: key(&wire.encryption_key, 3)?.map(EncryptionKey::from_bytes).transpose()?,
            signing_key,
            grant: Permissions::from_bits(wire.grant).ok_or_else(|| bad(6))?,
            revoke: Permissions::from_bits(wire.revoke).ok_or_else(|| bad(7))?,
            display_name: wire.display_name,
        };
        if update.grant.intersects(update.revoke) {
            return Err(bad(7).into());
        }
        if update.writes_nothing() {
            return Err(OperationError::Empty);
        }
        Ok(update)
    }

    fn writes_nothing(&self) -> bool {
        self.active.is_none()
            && self.encryption_key.is_none()
            && self.signing_key.is_none()
            && self.permissions().is_empty()
            && self.display_name.is_none()
    }

    /// The permissions that it writes, whether granted or revoked.
    pub fn permissions(&self) -> Permissions {
        self.grant.union(self.revoke)
    }

    /// Encodes an update.
    pub fn encode(user: &UserId, writes: &[FieldWrite]) -> Vec<u8> {
        let mut wire = v1::UserUpdate { user: Bytes::copy_from_slice(user.as_bytes()), ..Default::default() };
        for write in writes {
            match write {
                FieldWrite::Active(active) => wire.active = Some(*active),
                FieldWrite::EncryptionKey(key) => wire.encryption_key = Bytes::copy_from_slice(key.as_bytes()),
                FieldWrite::SigningKey(key, signature) => {
                    wire.signing_key = Bytes::copy_from_slice(key.as_bytes());
                    wire.countersignature = Bytes::copy_from_slice(&signature.0);
                }
                FieldWrite::Grant(permissions) => wire.grant |= u32::from(permissions.bits()),
                FieldWrite::Revoke(permissions) => wire.revoke |= u32::from(permissions.bits()),
                FieldWrite::DisplayName(name) => wire.display_name = Some(name.clone()),
            }
        }
        wire.encode_to_vec()
    }

    pub(super) fn check(&self) -> Option<Check> {
        let (key, signature) = self.signing_key.as_ref()?;
        Some(countersignature_check(&self.user, key, signature))
    }
}
