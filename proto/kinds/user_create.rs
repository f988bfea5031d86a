//! `user.create`: introduces a user by its genesis keys.

use bytes::Bytes;
use prost::Message;

use super::wraps::missing;
use crate::{
    hash::Domain,
    identity::{PublicIdentity, user_id},
    ids::UserId,
    keys::{Check, EncryptionKey, Signature, VerifyingKey},
    operation::OperationError,
    permissions::Permissions,
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// Payload of `user.create`.
#[derive(Clone, Debug)]
pub struct UserCreate {
    /// The subject: the fingerprint of the two keys.
    pub user: UserId,
    /// Its signing key.
    pub signing_key: VerifyingKey,
    /// Its encryption key.
    pub encryption_key: EncryptionKey,
    /// The signing key's proof.
    pub countersignature: Signature,
    /// What it is granted.
    pub permissions: Permissions,
    /// A name for people; may be empty.
    pub display_name: String,
}

impl UserCreate {
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, OperationError> {
        let wire: v1::UserCreate = wire::decode(&schemas::USER_CREATE, bytes)?;
        let key = |bytes: &Bytes, field| bytes.as_ref().try_into().map_err(|_| missing("UserCreate", field));
        let signing_key = VerifyingKey::from_bytes(key(&wire.signing_key, 1)?)?;
        let encryption_key = EncryptionKey::from_bytes(key(&wire.encryption_key, 2)?)?;
        let countersignature =
            wire.countersignature.as_ref().try_into().map_err(|_| missing("UserCreate", 3)).map(Signature)?;
        let permissions = Permissions::from_bits(wire.permissions)
            .ok_or_else(|| WireError::field("UserCreate", 4, WireFault::BadValue))?;
        Ok(Self {
            user: user_id(&signing_key, &encryption_key),
            signing_key,
            encryption_key,
            countersignature,
            permissions,
            display_name: wire.display_name,
        })
    }

    /// Encodes the creation of a user.
    pub fn encode(subject: &PublicIdentity, permissions: Permissions, display_name: &str) -> Vec<u8> {
        v1::UserCreate {
            signing_key: Bytes::copy_from_slice(subject.signing_key.as_bytes()),
            encryption_key: Bytes::copy_from_slice(subject.encryption_key.as_bytes()),
            countersignature: Bytes::copy_from_slice(&subject.countersignature.0),
            permissions: permissions.bits().into(),
            display_name: display_name.to_owned(),
            next_key: Bytes::new(),
        }
        .encode_to_vec()
    }

    pub(super) fn check(&self) -> Check {
        countersignature_check(&self.user, &self.signing_key, &self.countersignature)
    }
}

/// That the holder of `key` is to be `user`.
pub(super) fn countersignature_check(user: &UserId, key: &VerifyingKey, signature: &Signature) -> Check {
    Check::new(key, signature, Domain::SignCountersignature, &[user.as_bytes(), key.as_bytes()])
}
