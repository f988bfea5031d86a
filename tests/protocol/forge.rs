//! Operations that no honest client makes: any header over any payload, truly signed; and what the protocol answers.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, KeyId, SignedOperation, UserId, VerifiedOperation, error::Classified, hash::Domain,
    kinds::Kind, v1,
};
use prost::Message;

/// What an operation is made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) header: v1::Header,
    pub(super) payload: Vec<u8>,
}

/// A copy of bytes for a field.
pub(super) fn field(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

impl Parts {
    /// A valid header of a self-certified operation in the first place of a lane.
    pub(super) fn of(issuer: &Identity, kind: Kind, channel: Option<ChannelId>, at: Hlc, payload: Vec<u8>) -> Self {
        let header = v1::Header {
            version: 1,
            kind: kind.to_wire().into(),
            channel: channel.map(field).unwrap_or_default(),
            issuer: field(issuer.user),
            issuer_key: field(issuer.signing.verifying_key().as_bytes()),
            issued_at: at.bits(),
            certifier: Bytes::new(),
            key_id: Bytes::new(),
            link: Some(first_link()),
        };
        Self { header, payload }
    }

    /// The parts of an operation made by others.
    pub(super) fn from_bytes(bytes: &Bytes) -> Self {
        let body = v1::Body::decode(v1::Operation::decode(bytes.clone()).unwrap().body).unwrap();
        Self { header: v1::Header::decode(body.header).unwrap(), payload: body.payload.to_vec() }
    }

    pub(super) fn under(mut self, key_id: &KeyId) -> Self {
        self.header.key_id = field(key_id);
        self
    }

    /// For a certifier other than the issuer.
    pub(super) fn certified_by(mut self, certifier: &UserId) -> Self {
        self.header.certifier = field(certifier);
        self.header.link = None;
        self
    }

    pub(super) fn body(&self) -> Bytes {
        v1::Body { header: self.header.encode_to_vec().into(), payload: self.payload.clone().into() }
            .encode_to_vec()
            .into()
    }

    /// Signed by the issuer alone.
    pub(super) fn signed(&self, issuer: &Identity, domain: Domain) -> v1::Operation {
        let body = self.body();
        let signature = field(issuer.signing.sign(domain, &[&body]).0);
        v1::Operation { body, signature, ..Default::default() }
    }

    /// Signed by the issuer, and by a certifier in its first place of a lane; `change` may spoil the certification.
    pub(super) fn certified(
        &self,
        issuer: &Identity,
        certifier: &Identity,
        change: impl FnOnce(&mut v1::Certification),
    ) -> v1::Operation {
        let issued = self.signed(issuer, Domain::SignIssue);
        let mut certification = v1::Certification {
            issue_id: field(Domain::IssueId.hash(&[&issued.body])),
            certifier_key: field(certifier.signing.verifying_key().as_bytes()),
            timestamp: self.header.issued_at,
            link: Some(first_link()),
        };
        change(&mut certification);
        let certification: Bytes = certification.encode_to_vec().into();
        let signature = certifier.signing.sign(Domain::SignCertification, &[&certification]);
        v1::Operation { certification, certification_signature: field(signature.0), ..issued }
    }
}

/// The first place of a lane.
pub(super) fn first_link() -> v1::Link {
    v1::Link { lane: field([5; 16]), seq: 1, prev: Bytes::new() }
}

/// Decodes and verifies; the reason when either refuses.
pub(super) fn verify(operation: &v1::Operation) -> Result<VerifiedOperation, &'static str> {
    verify_bytes(operation.encode_to_vec().into())
}

/// Decodes and verifies; the reason when either refuses.
pub(super) fn verify_bytes(bytes: Bytes) -> Result<VerifiedOperation, &'static str> {
    let operation = SignedOperation::decode(bytes).map_err(|error| error.reason())?;
    operation.verify().map_err(|error| error.reason())
}

/// Why an operation that its issuer certifies is refused; `None` when it is not.
pub(super) fn refusal(issuer: &Identity, parts: &Parts) -> Option<&'static str> {
    verify(&parts.signed(issuer, Domain::SignOperation)).err()
}
