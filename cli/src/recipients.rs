//! The encryption keys of those who are to read. The node says which they are, and is not simply believed: a user id is the
//! fingerprint of its first keys, so a key that somebody put in their place shows.

use std::collections::BTreeMap;

use dmpc::{
    UserId,
    identity::user_id,
    keys::{EncryptionKey, VerifyingKey},
    v1,
};

use crate::{
    error::CliError,
    session::{Session, id},
};

/// Looks up encryption keys. With `trust_rotated`, keys that the id does not prove are taken on the node's word.
///
/// # Errors
/// [`CliError::NotFound`] for a user whom the node does not know; [`CliError::Denied`] for keys that are not proven.
pub async fn encryption_keys(
    session: &mut Session,
    users: &[UserId],
    trust_rotated: bool,
) -> Result<BTreeMap<UserId, EncryptionKey>, CliError> {
    let mut keys = BTreeMap::new();
    for user in session.users(users).await? {
        let (user, key) = checked(&user, trust_rotated)?;
        keys.insert(user, key);
    }
    match users.iter().find(|user| !keys.contains_key(user)) {
        Some(unknown) => Err(CliError::NotFound(format!("the node knows no user {unknown}"))),
        None => Ok(keys),
    }
}

fn checked(user: &v1::User, trust_rotated: bool) -> Result<(UserId, EncryptionKey), CliError> {
    let short = || CliError::Answer("a key has not 32 bytes".to_owned());
    let signing = VerifyingKey::from_bytes(user.signing_key.as_ref().try_into().map_err(|_| short())?);
    let encryption = EncryptionKey::from_bytes(user.encryption_key.as_ref().try_into().map_err(|_| short())?);
    let (signing, encryption) = (signing.map_err(CliError::answer)?, encryption.map_err(CliError::answer)?);
    let user = id(UserId::from_slice(&user.id))?;
    if user_id(&signing, &encryption) != user && !trust_rotated {
        return Err(CliError::Unproven(user));
    }
    Ok((user, encryption))
}
