//! Chains of keys: whether a user changed its keys itself. A user id proves the first keys; each change after them proves the
//! next ones, if it is certified with the key before. Pure. Source: docs/PROTOCOL.md, "Chains of keys".

use std::collections::BTreeMap;

use crate::{
    identity::user_id,
    ids::{OpKey, UserId},
    keys::{EncryptionKey, VerifyingKey},
    kinds::Payload,
    operation::{SignedOperation, VerifiedOperation},
    v1,
};

/// Keys of one user that are looked at.
pub const KEYS_MAX: usize = 4_096;

/// Why keys are not proven to be a user's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The node does not give the chain; in its own words.
    #[error("the node does not say how they changed ({0})")]
    Unsaid(String),
    /// It does not begin with the first keys, has an operation that is none or not authentic, or ends elsewhere.
    #[error("what the node gives does not lead to them from its first keys")]
    Broken,
    /// Somebody else changed them. Whether that was allowed is a question of the state, which the node answers.
    #[error("{0} changed them, not the user itself")]
    ByAnother(UserId),
    /// More keys than anybody needs.
    #[error("there were more than {KEYS_MAX} of them")]
    TooLong,
}

/// That keys follow from a user id by changes that the user certified itself, each with its key at that point.
///
/// # Errors
/// [`ChainFault`]
pub fn prove(user: UserId, chain: &[v1::UserKey], present: (VerifyingKey, EncryptionKey)) -> Result<(), ChainFault> {
    let of = |purpose: v1::KeyUse| chain.iter().filter(move |key| key.r#use() == purpose);
    let first = |purpose| -> Result<[u8; 32], ChainFault> {
        let key = of(purpose).next().ok_or(ChainFault::Broken)?;
        key.key.as_ref().try_into().map_err(|_| ChainFault::Broken)
    };
    let mut signing = VerifyingKey::from_bytes(first(v1::KeyUse::Signing)?).map_err(|_| ChainFault::Broken)?;
    let mut encryption = EncryptionKey::from_bytes(first(v1::KeyUse::Encryption)?).map_err(|_| ChainFault::Broken)?;
    if user_id(&signing, &encryption) != user {
        return Err(ChainFault::Broken);
    }
    // One operation may change both.
    let mut changes: BTreeMap<OpKey, VerifiedOperation> = BTreeMap::new();
    for key in of(v1::KeyUse::Signing).skip(1).chain(of(v1::KeyUse::Encryption).skip(1)) {
        let operation = SignedOperation::decode(key.operation_bytes.clone()).map_err(|_| ChainFault::Broken)?;
        changes.insert(operation.key(), operation.verify().map_err(|_| ChainFault::Broken)?);
    }
    for operation in changes.values() {
        let update = match operation.payload() {
            Payload::UserUpdate(update) if update.user == user => update,
            _ => return Err(ChainFault::Broken),
        };
        if operation.certifier() != user {
            return Err(ChainFault::ByAnother(operation.certifier()));
        }
        if operation.certifier_key() != signing {
            return Err(ChainFault::Broken);
        }
        signing = update.signing_key.as_ref().map_or(signing, |(key, _)| *key);
        encryption = update.encryption_key.unwrap_or(encryption);
    }
    if (signing, encryption) == present { Ok(()) } else { Err(ChainFault::Broken) }
}
