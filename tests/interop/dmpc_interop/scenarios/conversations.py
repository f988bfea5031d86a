"""People who talk: channels, epochs, sealed messages, sealed answers."""

from __future__ import annotations

from typing import Any

from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import domains, ids, kinds, seal
from dmpc_interop.ids import Name
from dmpc_interop.operation import Draft
from dmpc_interop.permissions import RIGHT_BITS
from dmpc_interop.person import READ_WRITE
from dmpc_interop.scenarios.stage import (
    Arguments,
    Result,
    channel_bytes,
    channel_text,
    expect,
    expect_refused,
    person,
    scenario,
    user_bytes,
    user_text,
)


@scenario
def open_channel(arguments: Arguments) -> Result:
    """Opens a channel in which members read and write. Needs identity, name, members."""
    opener = person(arguments, arguments["identity"])
    members = {user_bytes(text): int(READ_WRITE) for text in arguments["members"]}
    channel = opener.open_channel(arguments["name"], members)
    answer = opener.ask(channel=tx.ReadChannel(channel=channel))
    expect("name", answer.channel.name, arguments["name"])
    expect("opener", answer.channel.opener, opener.user)
    found = {member.user: member.rights for member in answer.members}
    expect("members", found, {**members, opener.user: RIGHT_BITS})
    return {"channel": channel_text(channel)}


@scenario
def say(arguments: Arguments) -> Result:
    """Says some texts. Needs identity, channel, texts."""
    speaker = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    said = [speaker.say(channel, text) for text in arguments["texts"]]
    return {"operations": [ids.write(Name.OPERATION, made.id) for made in said]}


@scenario
def read(arguments: Arguments) -> Result:
    """Reads a whole channel, verified and opened, by small pages in both directions. Needs identity, channel."""
    reader = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    forward = reader.messages(channel, limit=2)
    expect("positions", [message.position for message in forward], list(range(len(forward))))
    keys = [message.operation.key for message in forward]
    expect("order", keys, sorted(keys))
    expect("backward", reader.messages(channel, limit=2, backward=True), forward[::-1])
    messages = [
        {
            "position": message.position,
            "author": user_text(message.operation.header.issuer),
            "operation": ids.write(Name.OPERATION, message.operation.id),
            "milliseconds": message.operation.timestamp >> 16,
            "counter": message.operation.timestamp & 0xFFFF,
            "text": message.text,
        }
        for message in forward
    ]
    return {"messages": messages}


@scenario
def second_epoch(arguments: Arguments) -> Result:
    """A member is removed, a new epoch is opened for who stays, and something is said under it.

    Needs identity, channel, removed, stays (user ids), text.
    """
    manager = person(arguments, arguments["identity"])
    channel, removed = channel_bytes(arguments["channel"]), user_bytes(arguments["removed"])
    first = manager.epoch_key(channel)
    manager.do(Draft(op.KIND_CHANNEL_MEMBERS, kinds.channel_members({}, [removed], {}), channel))
    recipients = {user: manager.genesis_key(user) for user in map(user_bytes, arguments["stays"])}
    recipients[manager.user] = manager.identity.encryption.public
    key_id = manager.open_epoch(channel, recipients)
    answer = manager.ask(channel=tx.ReadChannel(channel=channel))
    expect("epochs", [epoch.key_id for epoch in answer.epochs], [domains.key_id(first), key_id])
    stale = manager.signer.sign(manager.draft_message(channel, "under the first epoch", first))
    (outcome,) = manager.submit([stale])
    expect("a fresh message under an old epoch", outcome.reason, "stale_epoch")
    made = manager.say(channel, arguments["text"])
    expect("the epoch of the message", made.header.key_id, key_id)
    moved = seal.wrap(first, channel, manager.user, manager.identity.encryption.public)
    expect_refused(
        "a wrap moved to another epoch",
        "wrap_mismatch",
        lambda: seal.unwrap(moved.sealed, manager.identity.encryption, channel, manager.user, key_id),
    )
    return {"epochs": [ids.write(Name.KEY_ID, epoch.key_id) for epoch in answer.epochs]}


@scenario
def sealed_answers(arguments: Arguments) -> Result:
    """Every query gives the same whether its answer is sealed or not. Needs identity (may read users), channel."""
    asker = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    queries: dict[str, Any] = {
        "users": tx.ReadUsers(),
        "channel": tx.ReadChannel(channel=channel),
        "channels": tx.ListChannels(),
        "messages": tx.ReadMessages(channel=channel),
    }
    for name, query in queries.items():
        plain = asker.ask(**{name: query})
        expect(name, asker.ask(sealed_answer=True, **{name: query}), plain)
        expect(f"{name} is not sealed", plain.sealed, b"")
    return {"queries": list(queries)}
