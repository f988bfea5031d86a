"""People: made, registered, given other keys; operations that one issues and another certifies."""

from __future__ import annotations

from pathlib import Path

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import kinds
from dmpc_interop.identity import Identity
from dmpc_interop.operation import Draft, Operation
from dmpc_interop.permissions import Permission
from dmpc_interop.scenarios.stage import (
    Arguments,
    Result,
    channel_bytes,
    expect,
    expect_refused,
    person,
    scenario,
    user_text,
)


@scenario
def identity(arguments: Arguments) -> Result:
    """Makes an identity file."""
    made = Identity.generate()
    made.save(Path(arguments["file"]))
    return {"user": user_text(made.user)}


@scenario
def newcomer(arguments: Arguments) -> Result:
    """Makes an identity file, and the root makes its owner a user. Needs root, file, name, permissions."""
    made = Identity.generate()
    made.save(Path(arguments["file"]))
    permissions = sum(Permission[name.upper().replace(".", "_")] for name in arguments["permissions"])
    root = person(arguments, arguments["root"])
    root.do(Draft(op.KIND_USER_CREATE, kinds.user_create(made, permissions, arguments["name"])))
    found = person(arguments, made).user_of(made.user)
    expect("keys", (found.signing_key, found.encryption_key), (made.signing.public, made.encryption.public))
    said = (found.active, found.permissions, found.display_name, found.root)
    expect("fields", said, (True, permissions, arguments["name"], False))
    return {"user": user_text(made.user)}


@scenario
def invitation(arguments: Arguments) -> Result:
    """Carol issues her own create and the root certifies it. Needs root, file, name."""
    carol = Identity.generate()
    carol.save(Path(arguments["file"]))
    root = person(arguments, arguments["root"])
    stranger = person(arguments, carol)
    draft = Draft(op.KIND_USER_CREATE, kinds.user_create(carol, 0, arguments["name"]))
    issued = stranger.signer.issue(draft, root.user)
    (refused,) = stranger.submit([_undecoded(issued)])
    expect("an issue is no operation", refused.reason, "certification_missing")

    made = root.signer.certify(issued)
    stranger.apply(made)
    again = root.signer.certify(issued)
    (outcome,) = root.submit([again])
    expect("the issue was certified before", outcome.reason, "duplicate_issue")
    expect("two operations of one issue", (made.issue_id, made.id != again.id), (again.issue_id, True))
    (outcome,) = root.submit([made])
    expect("the same operation again", outcome.kind, pb.OUTCOME_KIND_DUPLICATE)
    return {"user": user_text(carol.user)}


def _undecoded(data: bytes) -> Operation:
    """Bytes that are submitted as they are, whatever the client thinks of them."""
    outer = op.Operation.FromString(data)
    body = op.Body.FromString(outer.body)
    header = op.Header.FromString(body.header)
    return Operation(data, outer.body, body.header, header, None, outer.signature, b"", None, b"")


@scenario
def certified_by_another(arguments: Arguments) -> Result:
    """One issues a message and hands it over as a file; another certifies it, and a third submits it.

    Needs issuer, certifier, courier, channel, text, file.
    """
    channel = channel_bytes(arguments["channel"])
    issuer, certifier = person(arguments, arguments["issuer"]), person(arguments, arguments["certifier"])
    draft = issuer.draft_message(channel, arguments["text"])
    file = Path(arguments["file"])
    file.write_bytes(issuer.signer.issue(draft, certifier.user))
    courier = person(arguments, arguments["courier"])
    expect_refused("who is not named", "other_certifier", lambda: courier.signer.certify(file.read_bytes()))
    file.write_bytes(certifier.signer.certify(file.read_bytes()).data)
    made = Operation.decode(file.read_bytes())
    made.verify()
    courier.apply(made)
    return {"author": user_text(made.header.issuer), "certifier": user_text(made.certifier)}


@scenario
def rotation(arguments: Arguments) -> Result:
    """A user takes new keys: the old ones are good for nothing any more, and what was said stays.

    Needs identity, channel, file for the new identity; the user has the right to manage.
    """
    channel = channel_bytes(arguments["channel"])
    before = person(arguments, arguments["identity"])
    epoch_key = before.epoch_key(channel)
    after = person(arguments, before.identity.rotated())
    payload = kinds.user_update(
        before.user, encryption_key=after.identity.encryption.public, signing_key=after.identity.signing
    )
    (outcome,) = before.submit([after.signer.sign(Draft(op.KIND_USER_UPDATE, payload))])
    expect("a new key cannot introduce itself", outcome.reason, "certifier_key")
    before.do(Draft(op.KIND_USER_UPDATE, payload))

    old = before.signer.sign(before.draft_message(channel, "with the old key", epoch_key))
    (outcome,) = before.submit([old])
    expect("the old key signs", (outcome.kind, outcome.reason), (pb.OUTCOME_KIND_REJECTED, "certifier_key"))
    refused = expect_refused("the old key asks", "key_not_current", lambda: before.ask(channels=tx.ListChannels()))
    # What was wrapped to the old key stays so: who manages adds a wrap of the same epoch for the new one.
    expect_refused("the old wrap", "no_key", lambda: after.epoch_key(channel))
    wraps = kinds.wraps(epoch_key, channel, {after.user: after.identity.encryption.public})
    after.do(Draft(op.KIND_CHANNEL_EPOCH, kinds.channel_epoch(epoch_key, wraps), channel))
    expect("the epoch", after.epoch_key(channel), epoch_key)
    after.say(channel, "with the new key")
    after.identity.save(Path(arguments["file"]))
    return {"code": refused.code, "class": refused.error_class}
