//! Members and wraps, which several kinds carry.

use bytes::Bytes;

use crate::{
    ids::{KeyId, UserId},
    keys::EncryptionKey,
    operation::OperationError,
    permissions::Rights,
    v1,
    wire::{WireError, WireFault, schemas::WRAPS_MAX},
};

/// A member and its rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// What it may do; at least one right.
    pub rights: Rights,
}

impl Member {
    /// Checks members: rights known and not empty, users ascending.
    pub(crate) fn check_all(members: Vec<v1::Member>) -> Result<Vec<Self>, OperationError> {
        let checked = members
            .into_iter()
            .map(|member| {
                let rights = Rights::from_bits(member.rights)
                    .filter(|rights| !rights.is_empty())
                    .ok_or(OperationError::from(WireError::field("Member", 2, WireFault::BadValue)))?;
                Ok(Self { user: UserId::from_slice(&member.user)?, rights })
            })
            .collect::<Result<Vec<_>, OperationError>>()?;
        require_ascending(checked.iter().map(|member| &member.user))?;
        Ok(checked)
    }

    /// Encodes it.
    pub fn to_wire(self) -> v1::Member {
        v1::Member { user: Bytes::copy_from_slice(self.user.as_bytes()), rights: self.rights.bits().into() }
    }
}

/// Users stand in ascending order, none twice: one content has one encoding.
pub(crate) fn require_ascending<'a>(users: impl Iterator<Item = &'a UserId>) -> Result<(), OperationError> {
    let mut last: Option<&UserId> = None;
    for user in users {
        if last.is_some_and(|last| last >= user) {
            return Err(OperationError::NotAscending);
        }
        last = Some(user);
    }
    Ok(())
}

/// An epoch key sealed to one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// The member.
    pub user: UserId,
    /// The key it is sealed to.
    pub encryption_key: EncryptionKey,
    /// age bytes.
    pub sealed: Bytes,
}

impl Wrap {
    /// Encodes it.
    pub fn to_wire(&self) -> v1::Wrap {
        v1::Wrap {
            user: Bytes::copy_from_slice(self.user.as_bytes()),
            encryption_key: Bytes::copy_from_slice(self.encryption_key.as_bytes()),
            sealed: self.sealed.clone(),
        }
    }
}

/// Wraps of one epoch's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochWraps {
    /// The epoch.
    pub key_id: KeyId,
    /// Ascending by user and key, none twice; one user may have several, for keys that are in turn its own.
    pub wraps: Vec<Wrap>,
}

impl EpochWraps {
    pub(crate) fn check(epoch: v1::EpochWraps) -> Result<Self, OperationError> {
        let wraps = epoch
            .wraps
            .into_iter()
            .map(|wrap| {
                let key = wrap.encryption_key.as_ref().try_into().map_err(|_| missing("Wrap", 2))?;
                crate::seal::require_plain_x25519(&wrap.sealed, 1)?;
                Ok(Wrap {
                    user: UserId::from_slice(&wrap.user)?,
                    encryption_key: EncryptionKey::from_bytes(key)?,
                    sealed: wrap.sealed,
                })
            })
            .collect::<Result<Vec<_>, OperationError>>()?;
        let place = |wrap: &Wrap| (wrap.user, wrap.encryption_key);
        if !wraps.is_sorted_by(|left, right| place(left) < place(right)) {
            return Err(OperationError::NotAscending);
        }
        Ok(Self { key_id: KeyId::from_slice(&epoch.key_id)?, wraps })
    }

    /// Encodes it.
    pub fn to_wire(&self) -> v1::EpochWraps {
        v1::EpochWraps {
            key_id: Bytes::copy_from_slice(self.key_id.as_bytes()),
            wraps: self.wraps.iter().map(Wrap::to_wire).collect(),
        }
    }
}

/// The wraps of one operation, all epochs together, are bounded.
pub(crate) fn require_bounded(epochs: &[EpochWraps]) -> Result<(), OperationError> {
    let total: usize = epochs.iter().map(|epoch| epoch.wraps.len()).sum();
    if total > WRAPS_MAX {
        return Err(WireError::field("EpochWraps", 2, WireFault::TooMany(WRAPS_MAX)).into());
    }
    Ok(())
}

pub(crate) fn missing(message: &'static str, field: u32) -> OperationError {
    WireError::field(message, field, WireFault::Missing).into()
}
