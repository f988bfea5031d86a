//! Public identities as JSON: what somebody hands to those who are to create the user. Holds no secret.

use dmpc::{
    Identity, UserId,
    hash::Domain,
    identity::{PublicIdentity, user_id},
    keys::{Check, EncryptionKey, KeyError, Signature, VerifyingKey},
};
use serde::{Deserialize, Serialize};

use crate::hex;

/// Why a text is no public identity.
#[derive(Debug, thiserror::Error)]
pub enum PublicIdentityError {
    /// Not the JSON that `identity show --json` prints.
    #[error("not the JSON of a public identity: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is not what it should be.
    #[error("'{0}' is not what 'identity show --json' prints there")]
    Field(&'static str),
    /// The id is not the fingerprint of the keys.
    #[error("the user id does not belong to the keys")]
    OtherUser,
    /// A key or the countersignature is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The JSON form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicJson {
    /// User id.
    pub user: String,
    /// ed25519 key, hexadecimal.
    pub signing_key: String,
    /// X25519 key, as age writes recipients.
    pub encryption_key: String,
    /// The signing key's signature over the two, hexadecimal.
    pub countersignature: String,
}

impl PublicJson {
    /// Of an identity.
    ///
    /// # Errors
    /// [`KeyError`], which checked keys do not give.
    pub fn of(identity: &Identity) -> Result<Self, KeyError> {
        let public = identity.public()?;
        Ok(Self {
            user: public.user.to_string(),
            signing_key: hex::encode(public.signing_key.as_bytes()),
            encryption_key: public.encryption_key.to_string(),
            countersignature: hex::encode(&public.countersignature.0),
        })
    }
}

/// Reads a public identity, and checks that its id and countersignature are right.
///
/// # Errors
/// [`PublicIdentityError`]
pub fn parse(text: &str) -> Result<PublicIdentity, PublicIdentityError> {
    let public = parse_keys(text)?;
    if user_id(&public.signing_key, &public.encryption_key) != public.user {
        return Err(PublicIdentityError::OtherUser);
    }
    Ok(public)
}

/// Reads keys for a user who had others before, so that its id does not follow from them. That whoever has the signing key
/// wants to be this user is checked.
///
/// # Errors
/// [`PublicIdentityError`]
pub fn parse_keys(text: &str) -> Result<PublicIdentity, PublicIdentityError> {
    let json: PublicJson = serde_json::from_str(text)?;
    let signing_key = VerifyingKey::from_bytes(bytes(&json.signing_key, "signing_key")?)?;
    let encryption_key: EncryptionKey =
        json.encryption_key.parse().map_err(|_| PublicIdentityError::Field("encryption_key"))?;
    let countersignature = Signature(bytes(&json.countersignature, "countersignature")?);
    let user: UserId = json.user.parse().map_err(|_| PublicIdentityError::Field("user"))?;
    let parts: [&[u8]; 2] = [user.as_bytes(), signing_key.as_bytes()];
    Check::new(&signing_key, &countersignature, Domain::SignCountersignature, &parts).verify()?;
    Ok(PublicIdentity { user, signing_key, encryption_key, countersignature })
}

fn bytes<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], PublicIdentityError> {
    let bytes = hex::decode(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(PublicIdentityError::Field(field))
}
