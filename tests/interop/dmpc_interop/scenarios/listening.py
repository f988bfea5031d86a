"""Subscriptions: what was, what comes, cut off and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import ids, kinds, request
from dmpc_interop.identity import Identity
from dmpc_interop.ids import Name
from dmpc_interop.keys import DecryptionKey
from dmpc_interop.operation import Draft, Operation
from dmpc_interop.person import Person
from dmpc_interop.scenarios.stage import (
    Arguments,
    Result,
    addresses,
    channel_bytes,
    expect,
    expect_refused,
    person,
    scenario,
)
from dmpc_interop.steady import Steady

# Texts of one batch.
_AT_ONCE = 3

_NAMES = {
    pb.EVENT_KIND_MESSAGE: "message",
    pb.EVENT_KIND_OPENED: "opened",
    pb.EVENT_KIND_CLOSED: "closed",
    pb.EVENT_KIND_MEMBERS: "members",
    pb.EVENT_KIND_EPOCH: "epoch",
    pb.EVENT_KIND_RETRACTED: "retracted",
    pb.EVENT_KIND_RESTORED: "restored",
    pb.EVENT_KIND_CAUGHT_UP: "caught_up",
}


def _said(listener: Person, channel: bytes, event: pb.Event) -> str:
    """An event as one word; a message as what it says."""
    if event.kind == pb.EVENT_KIND_MESSAGE:
        return listener.open_message(channel, Operation.decode(event.operation))
    return f"({_NAMES[event.kind]})"


def _take(events: Iterator[pb.Event], count: int) -> list[pb.Event]:
    return [next(events) for _ in range(count)]


@scenario
def listen(arguments: Arguments) -> Result:
    """Takes so many events, from a cursor on. Needs identity, channel, count, cursor (hexadecimal, or empty)."""
    listener = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    asker = person(arguments, arguments["identity"])
    events = _take(listener.events(channel, cursor=bytes.fromhex(arguments["cursor"])), arguments["count"])
    return {"events": [_said(asker, channel, event) for event in events], "cursor": events[-1].cursor.hex()}


def _signed(channel: bytes, texts: list[str], speaker: Person) -> list[Operation]:
    return [speaker.signer.sign(speaker.draft_message(channel, text)) for text in texts]


def _submitted(made: list[Operation], speaker: Person) -> list[pb.Outcome]:
    return speaker.submit(made)


def _opened(channel: bytes, made: Operation, listener: Person) -> str:
    return listener.open_message(channel, made)


@scenario
def cut_off(arguments: Arguments) -> Result:
    """Somebody says texts and somebody listens, over a way that is cut again and again; then the listener reads it all.

    Needs speaker, listener (identities), channel, texts.
    """
    channel, texts = channel_bytes(arguments["channel"]), arguments["texts"]
    # A connection with a subscription is used for nothing else.
    alice, bob, reader = (
        Steady(Identity.load(Path(arguments[name])), addresses(arguments), arguments["via"])
        for name in ("speaker", "listener", "listener")
    )
    heard: list[str] = []

    def speak() -> None:
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            made = alice.do(partial(_signed, channel, part))
            # Those very operations, as often as it takes: what the node had already is a duplicate.
            for outcome in alice.do(partial(_submitted, made)):
                taken = outcome.kind in (pb.OUTCOME_KIND_APPLIED, pb.OUTCOME_KIND_DUPLICATE)
                expect(f"taken, {outcome.reason}", taken, True)

    def listen() -> None:
        for event in bob.events(channel):
            if event.kind == pb.EVENT_KIND_MESSAGE:
                made = Operation.decode(event.operation)
                heard.append(reader.do(partial(_opened, channel, made)))
            if len(heard) == len(texts):
                return

    with ThreadPoolExecutor() as pool:
        for part in [pool.submit(speak), pool.submit(listen)]:
            part.result()
    read = reader.do(lambda one: one.messages(channel, limit=5))
    return {
        "heard": heard,
        "read": [{"text": one.text, "operation": ids.write(Name.OPERATION, one.operation.id)} for one in read],
        "cuts": alice.cuts + bob.cuts + reader.cuts,
    }


@scenario
def from_now(arguments: Arguments) -> Result:
    """Hears only what is said after it began, sealed to a key of its own. Needs identity, channel, text."""
    channel = channel_bytes(arguments["channel"])
    listener, speaker = (person(arguments, arguments["identity"]) for _ in range(2))
    reply = DecryptionKey.generate()
    query = tx.Query(subscribe=tx.Subscribe(channel=channel, from_now=True))
    asked = request.make(listener.identity, listener.info.node, query, reply_to=reply.public)
    carried = request.in_transaction(request.sign(listener.identity, asked), listener.info.recipient)
    batches = listener.client.subscribe(carried)
    events = (event for batch in batches for event in request.open_answer(batch, reply).events)
    expect("first", _said(speaker, channel, next(events)), "(caught_up)")
    speaker.say(channel, arguments["text"])
    return {"heard": _said(speaker, channel, next(events))}


@scenario
def removed(arguments: Arguments) -> Result:
    """A member who listens is removed: its subscription ends, and it may ask no more.

    Needs identity, manager, channel.
    """
    channel = channel_bytes(arguments["channel"])
    listener, manager = person(arguments, arguments["identity"]), person(arguments, arguments["manager"])
    events = listener.events(channel, from_now=True)
    expect("first", next(events).kind, pb.EVENT_KIND_CAUGHT_UP)
    manager.do(Draft(op.KIND_CHANNEL_MEMBERS, kinds.channel_members({}, [listener.user], {}), channel))
    refused = expect_refused("the subscription", "right_missing", lambda: next(events))
    asker = person(arguments, arguments["identity"])
    queries: dict[str, Any] = {"messages": tx.ReadMessages(channel=channel), "channel": tx.ReadChannel(channel=channel)}
    for query, reason in (("messages", "right_missing"), ("channel", "not_a_member")):
        expect_refused(query, reason, partial(asker.ask, **{query: queries[query]}))
    expect_refused("users", "permission_missing", lambda: asker.ask(users=tx.ReadUsers()))
    expect("itself", asker.user_of(asker.user).id, asker.user)
    return {"code": refused.code, "class": refused.error_class}
