//! Making operations: issuing, certifying, signing.

use bytes::Bytes;
use prost::Message;

use super::{Certification, Header, Link, OperationError, SignedOperation, issue_id, signature};
use crate::{
    hash::Domain,
    hlc::Hlc,
    identity::Identity,
    ids::{ChannelId, IssueId, KeyId, UserId},
    keys::{Check, Signature},
    kinds::{Kind, Payload},
    v1,
    wire::{self, schemas},
};

/// What is to be signed, without who, when and where in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it does.
    pub kind: Kind,
    /// The channel, for the channel kinds.
    pub channel: Option<ChannelId>,
    /// The epoch, for messages.
    pub key_id: Option<KeyId>,
}

impl Draft {
    /// A draft of a user kind.
    pub const fn user(kind: Kind) -> Self {
        Self { kind, channel: None, key_id: None }
    }

    /// A draft of a channel kind other than a message.
    pub const fn channel(kind: Kind, channel: ChannelId) -> Self {
        Self { kind, channel: Some(channel), key_id: None }
    }

    /// A draft of a message.
    pub const fn message(channel: ChannelId, key_id: KeyId) -> Self {
        Self { kind: Kind::ChannelMessage, channel: Some(channel), key_id: Some(key_id) }
    }

    fn header(self, issuer: &Identity, issued_at: Hlc, certifier: Option<UserId>, link: Option<Link>) -> Header {
        Header {
            kind: self.kind,
            channel: self.channel,
            issuer: issuer.user,
            issuer_key: issuer.signing.verifying_key(),
            issued_at,
            certifier,
            key_id: self.key_id,
            link,
        }
    }
}

/// Signs an operation that its issuer certifies itself. `payload` is given the header's bytes, which a message seals
/// its content to.
///
/// # Errors
/// [`OperationError`] when the result would not be a well-formed operation; or what `payload` returns.
pub fn sign<E: From<OperationError>>(
    identity: &Identity,
    draft: Draft,
    at: Hlc,
    link: Link,
    payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<SignedOperation, E> {
    let header = draft.header(identity, at, None, Some(link)).encode();
    let payload = payload(&header)?;
    let body = encode_body(header, payload);
    let signature = identity.signing.sign(Domain::SignOperation, &[&body]);
    Ok(SignedOperation::decode(encode_operation(body, signature, None))?)
}

/// An operation that its issuer signed and that waits for its certifier.
#[derive(Clone, Debug)]
pub struct Issue {
    bytes: Bytes,
    body: Bytes,
    header: Header,
    payload: Payload,
    signature: Signature,
    certifier: UserId,
}

impl Issue {
    /// Decodes an issue and verifies its signatures.
    ///
    /// # Errors
    /// [`OperationError`], one variant per broken rule.
    pub fn decode(bytes: Bytes) -> Result<Self, OperationError> {
        if bytes.len() > schemas::OPERATION_BYTES_MAX {
            return Err(OperationError::TooLarge { bytes: bytes.len() });
        }
        let wire: v1::Operation = wire::decode(&schemas::OPERATION, &bytes)?;
        if !wire.certification.is_empty() || !wire.certification_signature.is_empty() {
            return Err(OperationError::CertificationNotWanted);
        }
        let body: v1::Body = wire::decode(&schemas::BODY, &wire.body)?;
        let header = Header::decode(&body.header)?;
        let certifier = header.certifier.ok_or(OperationError::CertificationNotWanted)?;
        let payload = Payload::decode(header.kind, header.channel, &header.issuer, &body.payload)?;
        let signature = signature(&wire.signature, 2)?;
        Check::new(&header.issuer_key, &signature, Domain::SignIssue, &[&wire.body]).verify()?;
        payload.check().map_or(Ok(()), |check| check.verify())?;
        Ok(Self { bytes, body: wire.body, header, payload, signature, certifier })
    }

    /// Its bytes, to be carried to the certifier.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its payload.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Its id, which a certification names.
    pub fn id(&self) -> IssueId {
        issue_id(&self.body)
    }

    /// Who is to certify it.
    pub fn certifier(&self) -> UserId {
        self.certifier
    }
}

/// Issues an operation for somebody else to certify.
///
/// # Errors
/// [`OperationError`] when the result would not be well formed; or what `payload` returns.
pub fn issue_for<E: From<OperationError>>(
    identity: &Identity,
    draft: Draft,
    at: Hlc,
    certifier: UserId,
    payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Issue, E> {
    let header = draft.header(identity, at, Some(certifier), None).encode();
    let payload = payload(&header)?;
    let body = encode_body(header, payload);
    let signature = identity.signing.sign(Domain::SignIssue, &[&body]);
    Ok(Issue::decode(encode_operation(body, signature, None))?)
}

/// Certifies an issue.
///
/// # Errors
/// [`OperationError::NotTheCertifier`] when it names somebody else; [`OperationError`] when the result would not be well
/// formed, such as a timestamp before the issue's.
pub fn certify(identity: &Identity, issue: &Issue, at: Hlc, link: Link) -> Result<SignedOperation, OperationError> {
    if issue.certifier != identity.user {
        return Err(OperationError::NotTheCertifier { named: issue.certifier, certifier: identity.user });
    }
    let certification = Certification::encode(&issue_id(&issue.body), &identity.signing.verifying_key(), at, link);
    let signature = identity.signing.sign(Domain::SignCertification, &[&certification]);
    SignedOperation::decode(encode_operation(issue.body.clone(), issue.signature, Some((certification, signature))))
}

fn encode_body(header: Bytes, payload: Vec<u8>) -> Bytes {
    v1::Body { header, payload: payload.into() }.encode_to_vec().into()
}

fn encode_operation(body: Bytes, signature: Signature, certification: Option<(Bytes, Signature)>) -> Bytes {
    let (certification, certification_signature) = match certification {
        Some((bytes, signature)) => (bytes, Bytes::copy_from_slice(&signature.0)),
        None => (Bytes::new(), Bytes::new()),
    };
    let signature = Bytes::copy_from_slice(&signature.0);
    v1::Operation { body, signature, certification, certification_signature }.encode_to_vec().into()
}
