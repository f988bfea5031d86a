//! A signed request. Its bytes are a `SignedRequest`.

use bytes::Bytes;
use dmpc::request::VerifiedRequest;

use super::{Call, ObjectError};
use crate::view::{Fields, query_fields};

/// A signed request.
#[derive(Clone, Debug)]
pub struct RequestObject {
    bytes: Bytes,
    request: VerifiedRequest,
}

impl RequestObject {
    /// Decodes a request and verifies its signature.
    ///
    /// # Errors
    /// [`ObjectError::Content`]
    pub fn decode(bytes: Bytes) -> Result<Self, ObjectError> {
        let request = VerifiedRequest::decode(&bytes).map_err(|error| ObjectError::content("request")(&error))?;
        Ok(Self { bytes, request })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The call that answers it.
    pub fn call(&self) -> Call {
        Call::of(&self.request.query)
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("node", self.request.node);
        fields.text("user", self.request.user);
        fields.number("issued_at_ms", self.request.issued_at_ms);
        query_fields(&mut fields, &self.request.query);
        fields.text_if("reply_to", self.request.reply_to);
        fields
    }
}
