//! Keys that a user who had others is to have from now on: its id does not follow from them. Its bytes are a `UserUpdate` that
//! writes both keys and nothing else.

use bytes::Bytes;
use dmpc::{
    UserId,
    error::Classified,
    identity::PublicIdentity,
    kinds::{FieldWrite, Kind, Payload, UserUpdate},
};

use super::ObjectError;
use crate::{hex, view::Fields};

const TAG: &str = "keys";

/// Keys for a user who has others at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeys(pub PublicIdentity);

impl NewKeys {
    pub(super) fn encode(&self) -> Bytes {
        let Self(public) = self;
        let writes = [
            FieldWrite::EncryptionKey(public.encryption_key),
            FieldWrite::SigningKey(public.signing_key, public.countersignature),
        ];
        UserUpdate::encode(&public.user, &writes).into()
    }

    /// Checks that the keys are keys, and that whoever holds the signing key wants to be this user.
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, ObjectError> {
        let refused = |error: &dyn Classified| ObjectError::content(TAG)(error);
        let nobody = UserId::from_bytes([0; UserId::LEN]);
        let payload = Payload::decode(Kind::UserUpdate, None, &nobody, bytes).map_err(|error| refused(&error))?;
        payload.check().map_or(Ok(()), |check| check.verify()).map_err(|error| refused(&error))?;
        let other = || ObjectError::malformed(TAG, "it does not write both keys and nothing else");
        let Payload::UserUpdate(update) = payload else { return Err(other()) };
        let (Some(encryption_key), Some((signing_key, countersignature))) = (update.encryption_key, update.signing_key)
        else {
            return Err(other());
        };
        let keys = Self(PublicIdentity { user: update.user, signing_key, encryption_key, countersignature });
        if keys.encode() == bytes { Ok(keys) } else { Err(other()) }
    }

    pub(super) fn fields(&self) -> Fields {
        let Self(public) = self;
        let mut fields = Fields::default();
        fields.text("user", public.user);
        fields.text("signing_key", hex::encode(public.signing_key.as_bytes()));
        fields.text("encryption_key", public.encryption_key);
        fields.text("countersignature", hex::encode(&public.countersignature.0));
        fields
    }
}
