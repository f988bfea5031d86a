//! Operations from their parts, so that any part can be wrong while the signatures are right; and the values that stand
//! between the parts and the bytes.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{ChannelId, Hlc, KeyId, hash::Domain, kinds::Kind, v1};
use prost::Message;

use super::{
    file::Case,
    json::{Json, hex},
    people::Person,
};

/// What an operation is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) header: v1::Header,
    pub(crate) payload: Vec<u8>,
}

/// A copy of bytes for a field.
pub(crate) fn field(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

/// So many milliseconds after the beginning of 2024.
pub(crate) fn at(millis: u64) -> Hlc {
    Hlc::from_millis(1_704_067_200_000 + millis)
}

/// A timestamp as eight big-endian bytes.
pub(crate) fn time(at: Hlc) -> Json {
    Json::hex(at.bits().to_be_bytes())
}

/// The first place of a lane.
pub(crate) fn first_link() -> v1::Link {
    v1::Link { lane: field([0x1a; 16]), seq: 1, prev: Bytes::new() }
}

impl Parts {
    /// A valid header of an operation that its issuer certifies, in the first place of a lane.
    pub(crate) fn new(issuer: &Person, kind: Kind, at: Hlc, payload: Vec<u8>) -> Self {
        let header = v1::Header {
            version: 1,
            kind: kind.to_wire().into(),
            channel: Bytes::new(),
            issuer: field(issuer.user()),
            issuer_key: field(issuer.identity.signing.verifying_key().as_bytes()),
            issued_at: at.bits(),
            certifier: Bytes::new(),
            key_id: Bytes::new(),
            link: Some(first_link()),
        };
        Self { header, payload }
    }

    pub(crate) fn channel(mut self, channel: &ChannelId) -> Self {
        self.header.channel = field(channel);
        self
    }

    pub(crate) fn under(mut self, key_id: &KeyId) -> Self {
        self.header.key_id = field(key_id);
        self
    }

    /// For a certifier other than the issuer.
    pub(crate) fn certified_by(mut self, certifier: &Person) -> Self {
        self.header.certifier = field(certifier.user());
        self.header.link = None;
        self
    }

    /// With another header.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut v1::Header)) -> Self {
        change(&mut self.header);
        self
    }

    pub(crate) fn header_bytes(&self) -> Vec<u8> {
        self.header.encode_to_vec()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        v1::Body { header: self.header_bytes().into(), payload: self.payload.clone().into() }.encode_to_vec()
    }

    /// Signed by the issuer alone.
    pub(crate) fn signed(&self, issuer: &Person, domain: Domain) -> v1::Operation {
        sign_body(self.body(), issuer, domain)
    }

    /// Signed by the issuer, who certifies it.
    pub(crate) fn own(&self, issuer: &Person) -> v1::Operation {
        self.signed(issuer, Domain::SignOperation)
    }

    /// Signed by the issuer and by a certifier; `change` may spoil the certification before it is signed.
    pub(crate) fn certified(
        &self,
        issuer: &Person,
        certifier: &Person,
        at: Hlc,
        change: impl FnOnce(&mut v1::Certification),
    ) -> v1::Operation {
        let issued = self.signed(issuer, Domain::SignIssue);
        let mut certification = v1::Certification {
            issue_id: field(Domain::IssueId.hash(&[&issued.body])),
            certifier_key: field(certifier.identity.signing.verifying_key().as_bytes()),
            timestamp: at.bits(),
            link: Some(v1::Link { lane: field([0x2a; 16]), seq: 1, prev: Bytes::new() }),
        };
        change(&mut certification);
        certify_bytes(issued, certification.encode_to_vec(), certifier)
    }
}

/// Any body, signed.
pub(crate) fn sign_body(body: Vec<u8>, issuer: &Person, domain: Domain) -> v1::Operation {
    let signature = field(issuer.identity.signing.sign(domain, &[&body]).0);
    v1::Operation { body: body.into(), signature, ..Default::default() }
}

/// Any certification, signed.
pub(crate) fn certify_bytes(issued: v1::Operation, certification: Vec<u8>, certifier: &Person) -> v1::Operation {
    let signature = certifier.identity.signing.sign(Domain::SignCertification, &[&certification]);
    v1::Operation { certification: certification.into(), certification_signature: field(signature.0), ..issued }
}

/// The id of an operation.
pub(crate) fn operation_id(operation: &v1::Operation) -> [u8; 32] {
    let length = (operation.body.len() as u64).to_be_bytes();
    Domain::OperationId.hash(&[&length, &operation.body, &operation.certification])
}

/// What stands between the parts and the bytes of a well-formed operation, and what is expected of it.
pub(crate) fn explain(case: Case, operation: &v1::Operation) -> Result<Case> {
    let body = v1::Body::decode(operation.body.clone())?;
    let header = v1::Header::decode(body.header.clone())?;
    let is_own = operation.certification.is_empty();
    let domain = if is_own { Domain::SignOperation } else { Domain::SignIssue };
    let mut case = case
        .value("header", Json::hex(&body.header))
        .value("payload", Json::hex(&body.payload))
        .value("body", Json::hex(&operation.body))
        .value("signed_hash", Json::hex(domain.hash(&[&operation.body])))
        .value("signature", Json::hex(&operation.signature));
    let mut timestamp = header.issued_at;
    let issue = Domain::IssueId.hash(&[&operation.body]);
    if !is_own {
        timestamp = v1::Certification::decode(operation.certification.clone())?.timestamp;
        case = case
            .value("issue_id", Json::hex(issue))
            .value("certification", Json::hex(&operation.certification))
            .value("certification_signed_hash", Json::hex(Domain::SignCertification.hash(&[&operation.certification])))
            .value("certification_signature", Json::hex(&operation.certification_signature));
    }
    let id = operation_id(operation);
    let certifier = if is_own { &header.issuer } else { &header.certifier };
    let mut case = case
        .value("operation", Json::hex(operation.encode_to_vec()))
        .accepted()
        .expect("operation_id", Json::hex(id))
        .expect("key", hex(timestamp.to_be_bytes()) + &hex(id))
        .expect("kind", Kind::from_wire(header.kind).map_or("", Kind::name))
        .expect("issuer", Json::hex(&header.issuer))
        .expect("certifier", Json::hex(certifier))
        .expect("timestamp", Json::hex(timestamp.to_be_bytes()));
    if !is_own {
        case = case.expect("issue_id", Json::hex(issue));
    }
    if !header.channel.is_empty() {
        case = case.expect("channel", Json::hex(&header.channel));
    }
    Ok(case)
}
