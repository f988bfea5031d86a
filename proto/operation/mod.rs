//! Operations: the inner layer. Bytes are kept as received; ids and signatures are taken over them.
//!
//! [`SignedOperation`] is well formed; [`VerifiedOperation`] is authentic too, and only that enters storage.
//! Source: docs/PROTOCOL.md, "Operation".

mod certification;
mod error;
mod header;
mod link;
mod sign;
mod verify;

pub use certification::Certification;
pub use error::OperationError;
pub use header::Header;
pub use link::Link;
pub use sign::{Draft, Issue, certify, issue_for, sign};
pub use verify::{VerifiedOperation, verify_all};

use bytes::Bytes;

use crate::{
    hash::Domain,
    hlc::Hlc,
    ids::{ChannelId, IssueId, OpId, OpKey, UserId},
    keys::{Check, Signature, VerifyingKey},
    kinds::{Kind, Payload},
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// A well-formed operation whose signatures were not verified yet.
#[derive(Clone, Debug)]
pub struct SignedOperation {
    bytes: Bytes,
    body: Bytes,
    header_bytes: Bytes,
    header: Header,
    payload: Payload,
    signature: Signature,
    certification: Option<Certification>,
    link: Link,
    key: OpKey,
    issue: Option<IssueId>,
}

impl SignedOperation {
    /// Decodes an operation strictly. Everything about it but the signatures and the state is checked here.
    ///
    /// # Errors
    /// [`OperationError`], one variant per broken rule.
    pub fn decode(bytes: Bytes) -> Result<Self, OperationError> {
        if bytes.len() > schemas::OPERATION_BYTES_MAX {
            return Err(OperationError::TooLarge { bytes: bytes.len() });
        }
        let wire: v1::Operation = wire::decode(&schemas::OPERATION, &bytes)?;
        let body: v1::Body = wire::decode(&schemas::BODY, &wire.body)?;
        let header = Header::decode(&body.header)?;
        let payload = Payload::decode(header.kind, header.channel, &header.issuer, &body.payload)?;
        let signature = signature(&wire.signature, 2)?;
        let issue = header.certifier.map(|_| issue_id(&wire.body));
        let certification = match (issue, wire.certification.is_empty()) {
            (None, true) if wire.certification_signature.is_empty() => None,
            (None, _) => return Err(OperationError::CertificationNotWanted),
            (Some(_), true) => return Err(OperationError::CertificationMissing),
            (Some(issue), false) => {
                let signature = self::signature(&wire.certification_signature, 4)?;
                Some(Certification::decode(&wire.certification, signature, &header, &issue)?)
            }
        };
        let (timestamp, link) = match (&certification, header.link) {
            (None, Some(link)) => (header.issued_at, link),
            (Some(certification), None) => (certification.timestamp, certification.link),
            (None, None) | (Some(_), Some(_)) => return Err(OperationError::LinkMisplaced),
        };
        let id = operation_id(&wire.body, &wire.certification);
        let key = OpKey { timestamp, id };
        let (body, header_bytes) = (wire.body, body.header);
        Ok(Self { bytes, body, header_bytes, header, payload, signature, certification, link, key, issue })
    }

    /// The bytes as received: what is logged and forwarded.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The header's bytes as received: the associated data of a message.
    pub fn header_bytes(&self) -> &Bytes {
        &self.header_bytes
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What it does.
    pub fn kind(&self) -> Kind {
        self.header.kind
    }

    /// Its channel, for the channel kinds.
    pub fn channel(&self) -> Option<ChannelId> {
        self.header.channel
    }

    /// The payload.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Its place in the order of everything.
    pub fn key(&self) -> OpKey {
        self.key
    }

    /// Its id.
    pub fn id(&self) -> OpId {
        self.key.id
    }

    /// Its timestamp.
    pub fn timestamp(&self) -> Hlc {
        self.key.timestamp
    }

    /// The issue's id, when somebody else certified it.
    pub fn issue(&self) -> Option<IssueId> {
        self.issue
    }

    /// Who issued it.
    pub fn issuer(&self) -> UserId {
        self.header.issuer
    }

    /// Whose permissions count: the issuer, unless somebody else certified it.
    pub fn certifier(&self) -> UserId {
        self.header.certifier.unwrap_or(self.header.issuer)
    }

    /// The key that the certifier signed with.
    pub fn certifier_key(&self) -> VerifyingKey {
        self.certification.as_ref().map_or(self.header.issuer_key, |certification| certification.key)
    }

    /// The certification, when somebody else certified it.
    pub fn certification(&self) -> Option<&Certification> {
        self.certification.as_ref()
    }

    /// Its place in the certifier's lane.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Every signature that must verify; from the bytes alone.
    pub fn checks(&self) -> impl Iterator<Item = Check> {
        let domain = if self.certification.is_some() { Domain::SignIssue } else { Domain::SignOperation };
        let issued = Check::new(&self.header.issuer_key, &self.signature, domain, &[&self.body]);
        let certified = self.certification.as_ref().map(Certification::check);
        [Some(issued), certified, self.payload.check()].into_iter().flatten()
    }
}

fn signature(bytes: &Bytes, field: u32) -> Result<Signature, OperationError> {
    let bytes = bytes.as_ref().try_into();
    bytes.map(Signature).map_err(|_| WireError::field("Operation", field, WireFault::Missing).into())
}

/// The id of an operation; signatures are left out.
fn operation_id(body: &[u8], certification: &[u8]) -> OpId {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX).to_be_bytes();
    OpId::from_bytes(Domain::OperationId.hash(&[&length, body, certification]))
}

/// The id of an issue.
fn issue_id(body: &[u8]) -> IssueId {
    IssueId::from_bytes(Domain::IssueId.hash(&[body]))
}
