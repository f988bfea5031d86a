"""Requests, which are answered and not logged. Section Requests."""

from __future__ import annotations

import os
from typing import TypeVar

from dmpc.v1 import transaction_pb2 as pb
from google.protobuf.message import Message

from . import schemas, seal, transaction, wire
from .domains import Domain
from .errors import Refused
from .hlc import now_ms
from .identity import Identity
from .keys import DecryptionKey, check_encryption_key, check_signing_key, verify

VERSION = 1

A = TypeVar("A", bound=Message)


def sign(identity: Identity, request: pb.Request) -> bytes:
    """The encoded SignedRequest."""
    data = wire.encode(schemas.REQUEST, request)
    signed = pb.SignedRequest(request=data, signature=identity.signing.sign(Domain.SIGN_REQUEST, data))
    return wire.encode(schemas.SIGNED_REQUEST, signed)


def make(
    identity: Identity, node: bytes, query: pb.Query, *, reply_to: bytes = b"", issued_at_ms: int | None = None
) -> pb.Request:
    """A fresh request."""
    return pb.Request(
        version=VERSION,
        node=node,
        user=identity.user,
        key=identity.signing.public,
        nonce=os.urandom(16),
        issued_at_ms=now_ms() if issued_at_ms is None else issued_at_ms,
        query=query,
        reply_to=reply_to,
    )


def in_transaction(signed: bytes, recipient: bytes) -> bytes:
    """A transaction with one request, sealed to a node."""
    return transaction.transaction(transaction.content(request=signed), [recipient], read_result=False)


def read(data: bytes) -> pb.Request:
    """A well-formed request whose signature verifies."""
    signed = wire.read(schemas.SIGNED_REQUEST, pb.SignedRequest, data)
    request = wire.read(schemas.REQUEST, pb.Request, signed.request)
    if request.version != VERSION:
        raise Refused("unknown_version", str(request.version))
    check_signing_key(request.key)
    if request.reply_to:
        check_encryption_key(request.reply_to)
    if len(request.query.ListFields()) != 1:
        raise Refused("not_one_query")
    verify(request.key, Domain.SIGN_REQUEST, signed.request, signed.signature)
    return request


def open_answer(answer: A, key: DecryptionKey) -> A:
    """The answer in a sealed answer."""
    sealed = getattr(answer, "sealed", b"")
    if not sealed or len(answer.ListFields()) != 1:
        raise Refused("not_sealed", "only `sealed` stands in a sealed answer")
    return type(answer).FromString(seal.unseal(sealed, key, 1, schemas.ANSWER_BYTES_MAX))
