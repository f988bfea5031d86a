//! The encryption keys of those who are to read. The node says which they are, and is not simply believed: a user id is the
//! fingerprint of its first keys, so a key that somebody put in their place shows. Keys that the user put there itself are proven
//! by the chain of its changes (`key_chain.rs`). One's own key is that of the identity file, whatever the node says.

use std::collections::BTreeMap;

use dmpc::{
    ChannelId, Rights, UserId,
    identity::user_id,
    key_chain::{ChainFault, KEYS_MAX, prove},
    keys::{EncryptionKey, VerifyingKey},
    v1,
};

use crate::{answer::id, error::CliError, session::Session};

/// Keys of members.
#[derive(Debug, Default)]
pub struct MemberKeys {
    /// Of those whom the node knows as users.
    pub keys: BTreeMap<UserId, EncryptionKey>,
    /// Members who are no users yet: there is nothing to wrap to.
    pub unknown: Vec<UserId>,
}

/// Looks up encryption keys. With `trust_rotated`, keys that are not proven are taken on the node's word.
///
/// # Errors
/// [`CliError::NotFound`] for a user whom the node does not know; [`CliError::Unproven`] for keys that are not proven.
pub async fn encryption_keys(
    session: &mut Session,
    users: &[UserId],
    trust_rotated: bool,
) -> Result<BTreeMap<UserId, EncryptionKey>, CliError> {
    let me = session.identity.user;
    let (own, others): (Vec<UserId>, Vec<UserId>) = users.iter().copied().partition(|user| *user == me);
    let mut keys = BTreeMap::new();
    for me in own {
        keys.insert(me, session.identity.encryption.encryption_key()?);
    }
    for found in session.users(&others).await? {
        let user = id(UserId::from_slice(&found.id))?;
        let said = said(&found.signing_key, &found.encryption_key)?;
        keys.insert(user, checked(session, user, None, said, trust_rotated).await?);
    }
    match users.iter().find(|user| !keys.contains_key(user)) {
        Some(unknown) => Err(CliError::NotFound(format!("the node knows no user {unknown}"))),
        None => Ok(keys),
    }
}

/// Encryption keys of those members of a channel who are `wanted`, from what the node says of the channel; one's own from
/// the identity.
///
/// # Errors
/// [`CliError::Unproven`] for keys that the id does not prove, unless `trust_rotated`; [`CliError::Answer`].
pub async fn member_keys(
    session: &mut Session,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    wanted: impl Fn(&UserId, Rights) -> bool,
    trust_rotated: bool,
) -> Result<MemberKeys, CliError> {
    let mut found = MemberKeys::default();
    for member in &answer.members {
        let (user, rights) = parse(member)?;
        if !wanted(&user, rights) {
            continue;
        }
        if user == session.identity.user {
            found.keys.insert(user, session.identity.encryption.encryption_key()?);
        } else if member.encryption_key.is_empty() {
            found.unknown.push(user);
        } else {
            let said = said(&member.signing_key, &member.encryption_key)?;
            let key = checked(session, user, Some(channel), said, trust_rotated).await?;
            found.keys.insert(user, key);
        }
    }
    Ok(found)
}

/// The members of a channel and what they may do.
///
/// # Errors
/// [`CliError::Answer`]
pub fn members(answer: &v1::ReadChannelResponse) -> Result<BTreeMap<UserId, Rights>, CliError> {
    answer.members.iter().map(parse).collect()
}

fn parse(member: &v1::ChannelMember) -> Result<(UserId, Rights), CliError> {
    let rights = Rights::from_bits(member.rights);
    let rights = rights.ok_or_else(|| CliError::Answer("rights that this version does not know".to_owned()))?;
    Ok((id(UserId::from_slice(&member.user))?, rights))
}

/// The keys that a node says a user has at present.
fn said(signing: &[u8], encryption: &[u8]) -> Result<(VerifyingKey, EncryptionKey), CliError> {
    let short = |_| CliError::Answer("a key has not 32 bytes".to_owned());
    let signing = VerifyingKey::from_bytes(signing.try_into().map_err(short)?).map_err(CliError::answer)?;
    let encryption = EncryptionKey::from_bytes(encryption.try_into().map_err(short)?).map_err(CliError::answer)?;
    Ok((signing, encryption))
}

/// The encryption key among these, if the id proves them, or the chain of the user's own changes; or on the node's word.
async fn checked(
    session: &mut Session,
    user: UserId,
    channel: Option<ChannelId>,
    said: (VerifyingKey, EncryptionKey),
    trust_rotated: bool,
) -> Result<EncryptionKey, CliError> {
    if user_id(&said.0, &said.1) == user || trust_rotated {
        return Ok(said.1);
    }
    let chain = match session.key_chain(user, channel).await {
        Err(CliError::Node { reason, .. }) => return Err(CliError::Unproven(user, ChainFault::Unsaid(reason))),
        chain => chain?,
    };
    if chain.len() > KEYS_MAX {
        return Err(CliError::Unproven(user, ChainFault::TooLong));
    }
    prove(user, &chain, said).map_err(|fault| CliError::Unproven(user, fault))?;
    Ok(said.1)
}
