"""Operations: made, read and verified. Section Operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dmpc.v1 import operation_pb2 as pb

from . import domains, kinds, schemas, wire
from .domains import Domain
from .errors import Refused
from .hlc import op_key
from .identity import Identity
from .keys import check_signing_key, verify

VERSION = 1


@dataclass(frozen=True)
class Operation:
    """A well-formed operation. Its signatures are verified only by `verify`."""

    data: bytes
    body: bytes
    header_bytes: bytes
    header: pb.Header
    payload: Any
    signature: bytes
    certification_bytes: bytes
    certification: pb.Certification | None
    certification_signature: bytes

    @staticmethod
    def decode(data: bytes) -> Operation:
        """Reads the bytes of an operation."""
        operation = _decode(data)
        if operation.header.certifier and operation.certification is None:
            raise Refused("certification_missing")
        return operation

    @property
    def id(self) -> bytes:
        """The operation id."""
        return domains.operation_id(self.body, self.certification_bytes)

    @property
    def issue_id(self) -> bytes:
        """The issue id."""
        return domains.issue_id(self.body)

    @property
    def timestamp(self) -> int:
        """When it stands in the order."""
        return self.certification.timestamp if self.certification else self.header.issued_at

    @property
    def key(self) -> bytes:
        """Its OpKey."""
        return op_key(self.timestamp, self.id)

    @property
    def certifier(self) -> bytes:
        """Whose permissions count."""
        return self.header.certifier or self.header.issuer

    @property
    def certifier_key(self) -> bytes:
        """The key that the certifier signed with."""
        return self.certification.certifier_key if self.certification else self.header.issuer_key

    @property
    def subject(self) -> bytes:
        """The user whom a `user.*` operation is about."""
        if self.header.kind == pb.KIND_USER_CREATE:
            return domains.user_id(self.payload.signing_key, self.payload.encryption_key)
        user: bytes = self.payload.user
        return user

    def verify(self) -> None:
        """Refuses the operation if one of its signatures is not what it should be."""
        domain = Domain.SIGN_ISSUE if self.header.certifier else Domain.SIGN_OPERATION
        verify(self.header.issuer_key, domain, self.body, self.signature)
        if self.certification is not None:
            verify(
                self.certification.certifier_key,
                Domain.SIGN_CERTIFICATION,
                self.certification_bytes,
                self.certification_signature,
            )
        if self.header.kind in (pb.KIND_USER_CREATE, pb.KIND_USER_UPDATE) and self.payload.signing_key:
            key = self.payload.signing_key
            verify(key, Domain.SIGN_COUNTERSIGNATURE, self.subject + key, self.payload.countersignature)


def decode_issue(data: bytes) -> Operation:
    """Reads what was issued and is not certified yet."""
    issue = _decode(data)
    if not issue.header.certifier or issue.certification is not None:
        raise Refused("certification_not_wanted", "this is an operation already")
    return issue


def _decode(data: bytes) -> Operation:
    if len(data) > schemas.OPERATION_BYTES_MAX:
        raise Refused("operation_too_large")
    outer = wire.decode(schemas.OPERATION, pb.Operation, data)
    body = wire.read(schemas.BODY, pb.Body, outer.body)
    header = wire.read(schemas.HEADER, pb.Header, body.header)
    _check_header(header)
    wire.check_present(schemas.OPERATION, outer)
    certification = None
    if bool(outer.certification) != bool(outer.certification_signature):
        raise Refused("missing_field", "a certification and its signature stand together")
    if outer.certification:
        if not header.certifier:
            raise Refused("certification_not_wanted")
        certification = wire.read(schemas.CERTIFICATION, pb.Certification, outer.certification)
        _check_certification(certification, header, outer.body)
    return Operation(
        data=data,
        body=outer.body,
        header_bytes=body.header,
        header=header,
        payload=kinds.decode(header, body.payload),
        signature=outer.signature,
        certification_bytes=outer.certification,
        certification=certification,
        certification_signature=outer.certification_signature,
    )


def _check_header(header: pb.Header) -> None:
    if header.version != VERSION:
        raise Refused("unknown_version", str(header.version))
    if header.kind not in range(pb.KIND_USER_CREATE, pb.KIND_CHANNEL_CLOSE + 1):
        raise Refused("unknown_kind", str(header.kind))
    if bool(header.channel) != kinds.is_of_channel(header.kind):
        raise Refused("channel_misplaced")
    if bool(header.key_id) != (header.kind == pb.KIND_CHANNEL_MESSAGE):
        raise Refused("key_id_misplaced")
    check_signing_key(header.issuer_key)
    if header.certifier == header.issuer:
        raise Refused("self_named")
    if header.HasField("link") == bool(header.certifier):
        raise Refused("link_misplaced")
    if header.HasField("link"):
        _check_link(header.link)


def _check_certification(certification: pb.Certification, header: pb.Header, body: bytes) -> None:
    if certification.issue_id != domains.issue_id(body):
        raise Refused("certification_of_other_issue")
    check_signing_key(certification.certifier_key)
    if certification.timestamp < header.issued_at:
        raise Refused("certified_too_early")
    _check_link(certification.link)


def _check_link(link: pb.Link) -> None:
    if (link.seq == 1) == bool(link.prev):
        raise Refused("bad_link", "prev is absent exactly at seq 1")
    if link.prev and not any(link.prev):
        raise Refused("bad_link", "prev is all zero")


Payload = bytes | Callable[[bytes], bytes]


@dataclass(frozen=True)
class Draft:
    """What an operation says, before anybody signs. A payload that binds the header is a function of its bytes."""

    kind: int
    payload: Payload
    channel: bytes = b""
    key_id: bytes = b""


def _body(identity: Identity, draft: Draft, at: int, certifier: bytes, link: pb.Link | None) -> bytes:
    header = pb.Header(
        version=VERSION,
        kind=pb.Kind.Name(draft.kind),
        channel=draft.channel,
        issuer=identity.user,
        issuer_key=identity.signing.public,
        issued_at=at,
        certifier=certifier,
        key_id=draft.key_id,
        link=link,
    )
    header_bytes = wire.encode(schemas.HEADER, header)
    payload = draft.payload if isinstance(draft.payload, bytes) else draft.payload(header_bytes)
    return wire.encode(schemas.BODY, pb.Body(header=header_bytes, payload=payload))


def sign(identity: Identity, draft: Draft, at: int, link: pb.Link) -> Operation:
    """An operation that its issuer certifies."""
    body = _body(identity, draft, at, b"", link)
    signature = identity.signing.sign(Domain.SIGN_OPERATION, body)
    return Operation.decode(wire.encode(schemas.OPERATION, pb.Operation(body=body, signature=signature)))


def issue(identity: Identity, draft: Draft, at: int, certifier: bytes) -> bytes:
    """What somebody else is to certify: it travels as the returned bytes."""
    body = _body(identity, draft, at, certifier, None)
    signature = identity.signing.sign(Domain.SIGN_ISSUE, body)
    return wire.encode(schemas.OPERATION, pb.Operation(body=body, signature=signature))


def certify(identity: Identity, issued: bytes, at: int, link: pb.Link) -> Operation:
    """Makes an operation of what somebody issued for this certifier."""
    asked = decode_issue(issued)
    if asked.header.certifier != identity.user:
        raise Refused("other_certifier", "the issue names somebody else")
    asked.verify()
    certification = wire.encode(
        schemas.CERTIFICATION,
        pb.Certification(issue_id=asked.issue_id, certifier_key=identity.signing.public, timestamp=at, link=link),
    )
    whole = pb.Operation(
        body=asked.body,
        signature=asked.signature,
        certification=certification,
        certification_signature=identity.signing.sign(Domain.SIGN_CERTIFICATION, certification),
    )
    return Operation.decode(wire.encode(schemas.OPERATION, whole))
