"""What an auditor does who has only a client: everything of a channel, verified and folded into its digest."""

from __future__ import annotations

from collections.abc import Iterator

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op

from dmpc_interop import digest
from dmpc_interop.errors import Refused
from dmpc_interop.operation import Operation
from dmpc_interop.person import Person, verified
from dmpc_interop.scenarios.stage import Arguments, Result, channel_bytes, expect, person, scenario
from dmpc_interop.state import State


def _applied(auditor: Person, channel: bytes) -> list[Operation]:
    """The operations of a channel that take effect at present, by its events, in the order of their keys."""
    applied: dict[bytes, Operation] = {}
    retracted: dict[bytes, Operation] = {}
    for event in _stored(auditor, channel):
        if event.kind == pb.EVENT_KIND_RETRACTED:
            retracted[event.operation_id] = applied.pop(event.operation_id)
        elif event.kind == pb.EVENT_KIND_RESTORED:
            applied[event.operation_id] = retracted.pop(event.operation_id)
        elif event.operation_id in applied:
            raise Refused("repeated_event", event.operation_id.hex())
        else:
            applied[event.operation_id] = Operation.decode(event.operation)
    return sorted(applied.values(), key=lambda one: one.key)


def _stored(auditor: Person, channel: bytes) -> Iterator[pb.Event]:
    for event in auditor.events(channel):
        if event.kind == pb.EVENT_KIND_CAUGHT_UP:
            return
        yield event


@scenario
def audit(arguments: Arguments) -> Result:
    """The digest of a channel, from its events and from its pages. Needs identity, channel."""
    channel = channel_bytes(arguments["channel"])
    auditor = person(arguments, arguments["identity"])
    pages = list(auditor.pages(channel, limit=7))
    for place, entry in enumerate(pages):
        expect("position", entry.position, place)
    messages = [verified(entry.operation, channel) for entry in pages]
    applied = _applied(person(arguments, arguments["identity"]), channel)
    of_events = [one for one in applied if one.header.kind == op.KIND_CHANNEL_MESSAGE]
    expect("messages of events and of pages", [one.id for one in of_events], [one.id for one in messages])

    state = State({})
    for operation in applied:
        state.apply(operation)
    found = digest.channel_digest(channel, (element for _, element in state.elements))
    return {"digest": found.hex(), "messages": len(messages), "operations": len(applied)}
