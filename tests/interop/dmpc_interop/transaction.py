"""Transactions, which carry operations or a request to nodes. Section Transaction."""

from __future__ import annotations

from collections.abc import Sequence

from dmpc.v1 import transaction_pb2 as pb

from . import schemas, seal, wire
from .errors import Refused
from .keys import DecryptionKey

VERSION = 1


def content(operations: Sequence[bytes] = (), request: bytes = b"") -> bytes:
    """What a transaction carries: encoded operations, or one encoded SignedRequest."""
    return wire.encode(schemas.TRANSACTION_CONTENT, pb.TransactionContent(operations=operations, request=request))


def transaction(
    carried: bytes,
    recipients: Sequence[bytes] = (),
    *,
    read_result: bool = True,
    read_status_updates: bool = False,
    transmission: bytes = b"",
) -> bytes:
    """A transaction, sealed to these X25519 keys; without any, open."""
    options = None
    if read_result or read_status_updates:
        options = pb.PipelineOptions(read_result=read_result, read_status_updates=read_status_updates)
    whole = pb.Transaction(version=VERSION, options=options, transmission=transmission)
    if recipients:
        whole.sealed = seal.seal(carried, recipients)
    else:
        whole.open = carried
    return wire.encode(schemas.TRANSACTION, whole)


def read(data: bytes, key: DecryptionKey | None = None) -> pb.TransactionContent:
    """What a transaction carries, as a node finds out."""
    whole = wire.decode(schemas.TRANSACTION, pb.Transaction, data)
    if whole.version != VERSION:
        raise Refused("unknown_version", str(whole.version))
    if bool(whole.sealed) == bool(whole.open):
        raise Refused("content_misplaced")
    carried = whole.open
    if whole.sealed:
        seal.check_age(whole.sealed, schemas.RECIPIENTS_MAX)
        if key is None:
            raise Refused("not_sealed_to_this_key")
        carried = seal.unseal(whole.sealed, key, schemas.RECIPIENTS_MAX)
    found = wire.decode(schemas.TRANSACTION_CONTENT, pb.TransactionContent, carried)
    if bool(found.operations) == bool(found.request):
        raise Refused("content_mixed")
    return found
