"""People who talk: channels, epochs, sealed messages, sealed answers."""

from __future__ import annotations

from typing import Any

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from dmpc_interop import domains, ids, kinds, seal, transaction
from dmpc_interop.ids import Name
from dmpc_interop.keys import DecryptionKey
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
    found = opener.read_channel(channel)
    expect("name", found.about.name, arguments["name"])
    expect("opener", found.about.opener, opener.user)
    expect("members", found.members, {**members, opener.user: RIGHT_BITS})
    expect("by small pages", opener.read_channel(channel, limit=1), found)
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
    epochs = list(manager.read_channel(channel, limit=1).epochs)
    expect("epochs", epochs, [domains.key_id(first), key_id])
    stale = manager.signer.sign(manager.draft_message(channel, "under the first epoch", first))
    (outcome,) = manager.submit([stale])
    expect("a fresh message under an old epoch", outcome.reason, "stale_epoch")
    made = manager.say(channel, arguments["text"])
    expect("the epoch of the message", made.header.key_id, key_id)
    moved = seal.wrap(first, channel, manager.user, manager.identity.encryption.public)
    expect_refused(
        "a wrap moved to another epoch",
        "key_id_mismatch",
        lambda: seal.unwrap(moved.sealed, manager.identity.encryption, channel, manager.user, key_id),
    )
    return {"epochs": [ids.write(Name.KEY_ID, epoch) for epoch in epochs]}


@scenario
def sealed_answers(arguments: Arguments) -> Result:
    """Every query gives the same whether its answer is sealed or not. Needs identity (may read users), channel."""
    asker = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    queries: dict[str, Any] = {
        "users": tx.ReadUsers(),
        "keys": tx.ReadKeys(user=asker.user),
        "channel": tx.ReadChannel(channel=channel),
        "channels": tx.ListChannels(),
        "messages": tx.ReadMessages(channel=channel),
    }
    for name, query in queries.items():
        plain = asker.ask(**{name: query})
        expect(name, asker.ask(sealed_answer=True, **{name: query}), plain)
        expect(f"{name} is not sealed", plain.sealed, b"")
    return {"queries": list(queries)}


@scenario
def large_page(arguments: Arguments) -> Result:
    """A page of more than 1 MiB comes whole, sealed and plain. Needs identity, channel, count, length."""
    speaker = person(arguments, arguments["identity"])
    channel, text = channel_bytes(arguments["channel"]), "x" * arguments["length"]
    for _ in range(arguments["count"]):
        speaker.say(channel, text)
    query = tx.ReadMessages(channel=channel)
    plain = speaker.ask(messages=query)
    expect("sealed", speaker.ask(sealed_answer=True, messages=query).messages, plain.messages)
    expect("all of them", [message.text for message in speaker.messages(channel)], [text] * arguments["count"])
    return {"bytes": plain.ByteSize(), "messages": len(plain.messages)}


@scenario
def sealed_acknowledgement(arguments: Arguments) -> Result:
    """What became of operations is told to one key alone. Needs identity, channel."""
    speaker = person(arguments, arguments["identity"])
    channel = channel_bytes(arguments["channel"])
    made = speaker.signer.sign(speaker.draft_message(channel, "between us"))
    reply = DecryptionKey.generate()
    carried = transaction.content([made.data, b"no operation"], reply_to=reply.public)
    (ack,) = speaker.client.submit([transaction.transaction(carried, [speaker.info.recipient])])
    expect("in the clear", {field.name for field, _ in ack.ListFields()}, {"client_id", "state", "latest", "sealed"})
    expect_refused("by another", "not_sealed_to_this_key", lambda: transaction.open_ack(ack, DecryptionKey.generate()))
    opened = transaction.open_ack(ack, reply)
    expect("operation", opened.outcomes[0].operation, made.id)
    kinds_of = [pb.OutcomeKind.Name(outcome.kind).removeprefix("OUTCOME_KIND_") for outcome in opened.outcomes]
    return {"outcomes": kinds_of, "reason": opened.error.reason}
