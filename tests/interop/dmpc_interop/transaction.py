"""Transactions, which carry operations or a request to nodes. Section Transaction."""

from __future__ import annotations

from collections.abc import Sequence

from dmpc.v1 import node_pb2
from dmpc.v1 import transaction_pb2 as pb

from . import schemas, seal, wire
from .errors import Refused
from .keys import DecryptionKey, check_encryption_key

VERSION = 1


def content(operations: Sequence[bytes] = (), request: bytes = b"", *, reply_to: bytes = b"") -> bytes:
    """What a transaction carries: encoded operations, or one encoded SignedRequest.

    With a `reply_to`, the final acknowledgement of operations is sealed to that X25519 key.
    """
    carried = pb.TransactionContent(operations=operations, request=request, reply_to=reply_to)
    return wire.encode(schemas.TRANSACTION_CONTENT, carried)


def open_ack(ack: node_pb2.Ack, key: DecryptionKey) -> node_pb2.Ack:
    """The acknowledgement in a sealed one."""
    if not ack.sealed or ack.outcomes or ack.HasField("error"):
        raise Refused("not_sealed", "outcomes and error stand in the seal alone")
    opened = node_pb2.Ack.FromString(seal.unseal(ack.sealed, key, 1, schemas.ANSWER_BYTES_MAX))
    if (opened.client_id, opened.state) != (ack.client_id, ack.state):
        raise Refused("other_ack", "it is sealed for another transaction or state")
    return opened


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


def read(data: bytes, key: DecryptionKey, accepts_open: bool) -> tuple[pb.PipelineOptions, pb.TransactionContent]:
    """What a transaction asks for and carries, as the node with this key finds out."""
    if len(data) > schemas.TRANSACTION_BYTES_MAX:
        raise Refused("transaction_too_large")
    whole = wire.read(schemas.TRANSACTION, pb.Transaction, data)
    if whole.version != VERSION:
        raise Refused("unknown_version", str(whole.version))
    if whole.HasField("options") and not whole.options.ListFields():
        raise Refused("default_written", "options that ask for nothing are left out")
    if bool(whole.sealed) == bool(whole.open):
        raise Refused("content_misplaced")
    if whole.open and not accepts_open:
        raise Refused("seal_required")
    carried = whole.open or seal.unseal(whole.sealed, key, schemas.RECIPIENTS_MAX)
    found = wire.read(schemas.TRANSACTION_CONTENT, pb.TransactionContent, carried)
    if bool(found.operations) == bool(found.request):
        raise Refused("content_mixed")
    if found.reply_to:
        if found.request:
            raise Refused("reply_to_misplaced")
        check_encryption_key(found.reply_to)
    return whole.options, found
