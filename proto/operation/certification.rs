//! Certifications: what a certifier other than the issuer signs.

use bytes::Bytes;
use prost::Message;

use super::{Header, Link, OperationError};
use crate::{
    hash::Domain,
    hlc::Hlc,
    ids::IssueId,
    keys::{Check, Signature, VerifyingKey},
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// A checked certification.
#[derive(Clone, Debug)]
pub struct Certification {
    /// The key that the certifier signs with.
    pub key: VerifyingKey,
    /// The operation's timestamp.
    pub timestamp: Hlc,
    /// The certifier's lane.
    pub link: Link,
    bytes: Bytes,
    signature: Signature,
}

impl Certification {
    pub(super) fn decode(
        bytes: &Bytes,
        signature: Signature,
        header: &Header,
        issue: &IssueId,
    ) -> Result<Self, OperationError> {
        let wire: v1::Certification = wire::decode(&schemas::CERTIFICATION, bytes)?;
        if IssueId::from_slice(&wire.issue_id)? != *issue {
            return Err(OperationError::CertificationOfOther);
        }
        let missing = |field| WireError::field("Certification", field, WireFault::Missing);
        let key = wire.certifier_key.as_ref().try_into().map_err(|_| missing(2))?;
        let timestamp = Hlc::from_bits(wire.timestamp);
        if timestamp < header.issued_at {
            return Err(OperationError::CertifiedTooEarly);
        }
        Ok(Self {
            key: VerifyingKey::from_bytes(key)?,
            timestamp,
            link: Link::check(&wire.link.ok_or_else(|| missing(4))?)?,
            bytes: bytes.clone(),
            signature,
        })
    }

    pub(super) fn encode(issue: &IssueId, key: &VerifyingKey, timestamp: Hlc, link: Link) -> Bytes {
        v1::Certification {
            issue_id: Bytes::copy_from_slice(issue.as_bytes()),
            certifier_key: Bytes::copy_from_slice(key.as_bytes()),
            timestamp: timestamp.bits(),
            link: Some(link.to_wire()),
        }
        .encode_to_vec()
        .into()
    }

    pub(super) fn check(&self) -> Check {
        Check::new(&self.key, &self.signature, Domain::SignCertification, &[&self.bytes])
    }
}
