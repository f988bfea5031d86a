"""What is refused, by what code and reason, on both front ends."""

from __future__ import annotations

import os
from collections.abc import Callable

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import kinds, request, transaction
from dmpc_interop.client import BATCH_ITEMS_MAX
from dmpc_interop.errors import Refused
from dmpc_interop.hlc import from_ms, now_ms
from dmpc_interop.identity import Identity
from dmpc_interop.operation import Draft
from dmpc_interop.person import Person
from dmpc_interop.scenarios.stage import VIAS, Arguments, Result, expect, person, scenario
from dmpc_interop.schemas import REQUEST_LIFETIME_MS, TRANSACTION_BYTES_MAX

_LATE_MS = REQUEST_LIFETIME_MS + 1_000
_CHANNELS = tx.Query(channels=tx.ListChannels())


def _flipped(data: bytes) -> bytes:
    """The same bytes with one bit of the tenth changed."""
    return data[:9] + bytes([data[9] ^ 1]) + data[10:]


def _stranger(asker: Person) -> Person:
    return Person(Identity.generate(), asker.client)


def _ask(asker: Person, query: tx.Query = _CHANNELS, *, node: bytes = b"", issued_at_ms: int | None = None) -> None:
    asked = request.make(asker.identity, node or asker.info.node, query, issued_at_ms=issued_at_ms)
    _send(asker, request.sign(asker.identity, asked), query)


def _send(asker: Person, signed: bytes, query: tx.Query = _CHANNELS) -> None:
    ((field, _),) = query.ListFields()
    asker.client.read(field.name, request.in_transaction(signed, asker.info.recipient))


def _tampered_request(asker: Person) -> None:
    asked = request.make(asker.identity, asker.info.node, _CHANNELS)
    signed = tx.SignedRequest.FromString(request.sign(asker.identity, asked))
    _send(asker, tx.SignedRequest(request=signed.request, signature=_flipped(signed.signature)).SerializeToString())


def _replayed_request(asker: Person) -> None:
    signed = request.sign(asker.identity, request.make(asker.identity, asker.info.node, _CHANNELS))
    _send(asker, signed)
    _send(asker, signed)


def _bad_cursor(asker: Person) -> None:
    _ask(asker, tx.Query(channels=tx.ListChannels(cursor=b"no cursor")))


def _unknown_channel(asker: Person) -> None:
    _ask(asker, tx.Query(messages=tx.ReadMessages(channel=os.urandom(32))))


def _two_queries(asker: Person) -> None:
    query = tx.Query(users=tx.ReadUsers(), channels=tx.ListChannels())
    asked = request.make(asker.identity, asker.info.node, query)
    _send(asker, request.sign(asker.identity, asked))


def _operations_read(asker: Person) -> None:
    asker.client.read("channels", transaction.transaction(transaction.content([b"operation"])))


def _garbage_read(asker: Person) -> None:
    asker.client.read("channels", b"\xff\xff")


# Requests that are refused, by name.
_REQUESTS: dict[str, Callable[[Person], None]] = {
    "tampered_request": _tampered_request,
    "expired_request": lambda asker: _ask(asker, issued_at_ms=now_ms() - _LATE_MS),
    "early_request": lambda asker: _ask(asker, issued_at_ms=now_ms() + _LATE_MS),
    "replayed_request": _replayed_request,
    "request_of_other_node": lambda asker: _ask(asker, node=os.urandom(32)),
    "request_of_stranger": lambda asker: _ask(_stranger(asker)),
    "two_queries": _two_queries,
    "unknown_channel": _unknown_channel,
    "bad_cursor": _bad_cursor,
    "operations_read": _operations_read,
    "garbage_read": _garbage_read,
}


def _create(signer: Person, at: int | None = None) -> op.Operation:
    made = signer.signer.sign(Draft(op.KIND_USER_CREATE, kinds.user_create(Identity.generate())), at)
    return op.Operation.FromString(made.data)


def _open(*operations: op.Operation) -> bytes:
    return transaction.transaction(transaction.content([one.SerializeToString() for one in operations]))


def _tampered_operation(signer: Person) -> bytes:
    made = _create(signer)
    return _open(op.Operation(body=made.body, signature=_flipped(made.signature)))


def _moved_signature(signer: Person) -> bytes:
    """An issue's signature is not one of an operation."""
    root = signer.user
    issued = signer.signer.issue(Draft(op.KIND_USER_CREATE, kinds.user_create(Identity.generate())), os.urandom(32))
    expect("issuer", Person(signer.identity, signer.client).user, root)
    made = _create(signer)
    return _open(op.Operation(body=made.body, signature=op.Operation.FromString(issued).signature))


def _countersigned_by_another(signer: Person) -> bytes:
    subject = Identity.generate()
    payload = op.UserCreate.FromString(kinds.user_create(subject))
    payload.countersignature = Identity.generate().signing.countersign(subject.user)
    return _open(
        op.Operation.FromString(signer.signer.sign(Draft(op.KIND_USER_CREATE, payload.SerializeToString())).data)
    )


def _of_stranger(signer: Person) -> bytes:
    return _open(_create(_stranger(signer)))


def _ahead(signer: Person) -> bytes:
    return _open(_create(signer, from_ms(now_ms() + 3_600_000)))


def _request_submitted(signer: Person) -> bytes:
    asked = request.make(signer.identity, signer.info.node, _CHANNELS)
    return request.in_transaction(request.sign(signer.identity, asked), signer.info.recipient)


def _sealed_to_another(signer: Person) -> bytes:
    return transaction.transaction(
        transaction.content([_create(signer).SerializeToString()]), [Identity.generate().encryption.public]
    )


# Transactions that are refused, or that wait.
_TRANSACTIONS: dict[str, Callable[[Person], bytes]] = {
    "tampered_operation": _tampered_operation,
    "moved_signature": _moved_signature,
    "countersigned_by_another": _countersigned_by_another,
    "operation_of_stranger": _of_stranger,
    "operation_ahead": _ahead,
    "request_submitted": _request_submitted,
    "sealed_to_another": _sealed_to_another,
    "garbage_transaction": lambda _: b"\xff\xff",
    "large_transaction": lambda _: bytes(TRANSACTION_BYTES_MAX + 1),
    "neither_sealed_nor_open": lambda _: tx.Transaction(version=1).SerializeToString(),
    "trailing_bytes": lambda signer: _open(_create(signer)) + b"\x00",
}


def _how_request_ends(asker: Person, action: Callable[[Person], None]) -> list[str]:
    try:
        action(asker)
    except Refused as refused:
        return [refused.reason, refused.code, refused.error_class]
    return ["answered", "", ""]


def _how_transaction_ends(signer: Person, carried: bytes) -> list[str]:
    (ack,) = signer.client.submit([carried])
    outcomes = [f"{pb.OutcomeKind.Name(one.kind).removeprefix('OUTCOME_KIND_')} {one.reason}" for one in ack.outcomes]
    state = pb.TicketState.Name(ack.state).removeprefix("TICKET_STATE_")
    return [state, ack.error.reason, *outcomes]


@scenario
def refusals(arguments: Arguments) -> Result:
    """How each of these ends: `requests` by front end, `transactions` the same on both. Needs root."""
    requests: dict[str, dict[str, list[str]]] = {}
    transactions: dict[str, dict[str, list[str]]] = {}
    connections: dict[str, list[str]] = {}
    for via in VIAS:
        root = person(arguments, arguments["root"], via)
        for name, action in _REQUESTS.items():
            requests.setdefault(name, {})[via] = _how_request_ends(root, action)
        for name, make in _TRANSACTIONS.items():
            transactions.setdefault(name, {})[via] = _how_transaction_ends(root, make(root))
        # That ends the connection, so it comes last.
        try:
            root.client.submit([b"transaction"] * (BATCH_ITEMS_MAX + 1))
        except Refused as refused:
            connections[via] = [refused.reason, refused.code, refused.error_class]
    return {"requests": requests, "transactions": transactions, "large_batch": connections}
