//! A user who is to be created: its public keys, countersigned, and the name it would like. What somebody hands to those
//! who are to create the user. Its bytes are a `UserCreate` that grants nothing.

use bytes::Bytes;
use dmpc::{
    Permissions, UserId,
    error::Classified,
    identity::PublicIdentity,
    kinds::{Kind, Payload, UserCreate},
};

use super::ObjectError;
use crate::{hex, view::Fields};

const TAG: &str = "user";

/// A user who is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Its public keys.
    pub public: PublicIdentity,
    /// The name that it would like; may be empty.
    pub name: String,
}

impl NewUser {
    pub(super) fn encode(&self) -> Bytes {
        UserCreate::encode(&self.public, Permissions::NONE, &self.name).into()
    }

    /// Checks that the keys are keys, and that the signing key is held by whoever made this.
    pub(super) fn decode(bytes: &Bytes) -> Result<Self, ObjectError> {
        let refused = |error: &dyn Classified| ObjectError::content(TAG)(error);
        let nobody = UserId::from_bytes([0; UserId::LEN]);
        let payload = Payload::decode(Kind::UserCreate, None, &nobody, bytes).map_err(|error| refused(&error))?;
        payload.check().map_or(Ok(()), |check| check.verify()).map_err(|error| refused(&error))?;
        let Payload::UserCreate(create) = payload else { return Err(ObjectError::malformed(TAG, "another payload")) };
        if !create.permissions.is_empty() {
            return Err(ObjectError::malformed(TAG, "it grants permissions, which who creates it does"));
        }
        let public = PublicIdentity {
            user: create.user,
            signing_key: create.signing_key,
            encryption_key: create.encryption_key,
            countersignature: create.countersignature,
        };
        Ok(Self { public, name: create.display_name })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("user", self.public.user);
        fields.text_unless_empty("name", &self.name);
        fields.text("signing_key", hex::encode(self.public.signing_key.as_bytes()));
        fields.text("encryption_key", self.public.encryption_key);
        fields.text("countersignature", hex::encode(&self.public.countersignature.0));
        fields
    }
}
