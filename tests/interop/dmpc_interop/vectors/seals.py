"""Content, wraps, transactions, requests and answers."""

from __future__ import annotations

from functools import partial

from dmpc.v1 import node_pb2
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import domains, request, schemas, seal, transaction, wire
from dmpc_interop.answering import Answering, User
from dmpc_interop.domains import Domain, derive
from dmpc_interop.operation import Operation
from dmpc_interop.vectors.case import Case, data, refused_as, same


def open_content(case: Case) -> None:
    """The content of a message."""
    made = Operation.decode(case.data("operation"))
    epoch_key = case.data("epoch_key")
    found = case.run(lambda: seal.open_message(made, epoch_key))
    if case.accepted:
        channel, payload = made.header.channel, op.ChannelMessage.FromString(op.Body.FromString(made.body).payload)
        case.value_is("key_id", domains.key_id(epoch_key))
        case.value_is("channel", channel)
        case.value_is("content_key", domains.content_key(epoch_key, channel))
        case.value_is("associated_data", made.header_bytes)
        case.value_is("ciphertext", payload.ciphertext)
        nonce = case.data("nonce")
        same("sealed again", seal.seal_content(epoch_key, channel, made.header_bytes, found, nonce), payload.ciphertext)
        case.expect(content=found)


def open_wrap(case: Case) -> None:
    """An epoch's key in a wrap."""
    opener = case.person("opener")
    channel, key_id = case.data("channel"), case.data("key_id")
    found = case.run(lambda: seal.unwrap(case.data("sealed"), opener.encryption, channel, opener.user, key_id))
    if case.accepted:
        case.value_is("wrapped_key", seal.unseal(case.data("sealed"), opener.encryption, 1))
        case.expect(epoch_key=found)


def age_shape(case: Case) -> None:
    """The header of age bytes."""
    case.run(lambda: seal.check_age(case.data("sealed"), case.inputs["recipients_allowed"]))


def transaction_(case: Case) -> None:
    """A transaction, as a node reads it."""
    node = case.person("node")
    found = case.run(lambda: transaction.read(case.data("transaction"), node.encryption, case.inputs["accepts_open"]))
    if case.accepted:
        options, content = found
        case.value_is("content", wire.encode(schemas.TRANSACTION_CONTENT, content))
        same("operations", [one.hex() for one in content.operations], case.expected.pop("operations"))
        case.expect(
            read_status_updates=options.read_status_updates,
            read_result=options.read_result,
            keep_alive=options.keep_alive,
            request=content.request or None,
        )


def request_(case: Case) -> None:
    """Requests, one after the other, as a node sees them."""
    users = {data(one["user"]): User(data(one["key"]), one["active"]) for one in case.inputs["users"]}
    node = Answering(case.data("node"), case.inputs["started_ms"], users)
    for step, wanted in zip(case.inputs["steps"], case.expected["steps"], strict=True):
        encoded, now_ms = data(step["request"]), step["now_ms"]
        if wanted["result"] == "accepted":
            node.accept(encoded, now_ms)
        else:
            refused_as(wanted, partial(node.accept, encoded, now_ms))
    if case.values:
        (step,) = case.inputs["steps"]
        signed = tx.SignedRequest.FromString(data(step["request"]))
        case.value_is("request", signed.request)
        case.value_is("signed_hash", derive(Domain.SIGN_REQUEST, signed.request))
        case.value_is("signature", signed.signature)
        again = request.sign(case.person("asker"), tx.Request.FromString(signed.request))
        same("made again", again, data(step["request"]))


def sealed_answer(case: Case) -> None:
    """An answer that is sealed."""
    kind = getattr(node_pb2, case.inputs["message"])
    answer = kind.FromString(case.data("answer"))
    found = case.run(lambda: request.open_answer(answer, case.person("opener").encryption))
    if case.accepted:
        case.value_is("sealed", answer.sealed)
        case.expect(plain=found.SerializeToString(deterministic=True))
