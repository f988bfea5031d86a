"""Somebody at a node: signs and submits, asks and verifies, keeps epoch keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx

from . import domains, kinds, request, seal, transaction
from .client import BATCH_ITEMS_MAX, Client, is_final
from .client_grpc import GrpcClient
from .client_ws import WsClient
from .errors import Refused
from .identity import Identity
from .keys import DecryptionKey
from .operation import Draft, Operation
from .permissions import Right
from .signer import Signer


@dataclass(frozen=True)
class Addresses:
    """Where a node listens."""

    grpc: str
    ws: str


def connect(addresses: Addresses, via: str) -> Client:
    """A connection over `grpc` or `ws`."""
    return GrpcClient(addresses.grpc) if via == "grpc" else WsClient(addresses.ws)


@dataclass(frozen=True)
class Message:
    """An accepted message, opened."""

    position: int
    operation: Operation
    text: str


@dataclass(frozen=True)
class Channel:
    """A channel; its members' rights; its epochs by key id, the current one last, with this user's wraps."""

    about: pb.Channel
    members: dict[bytes, int]
    epochs: dict[bytes, list[bytes]]


class Person:
    """An identity at one node, over one connection."""

    def __init__(self, identity: Identity, client: Client) -> None:
        self.identity = identity
        self.client = client
        self.info = client.node_info()
        self.signer = Signer(identity)
        self.signer.clock.see(self.info.latest)
        self._epochs: dict[tuple[bytes, bytes], bytes] = {}

    @property
    def user(self) -> bytes:
        """The user id."""
        return self.identity.user

    # --- Submitting

    def submit(self, operations: Sequence[Operation], *, sealed: bool = True) -> list[pb.Outcome]:
        """Submits each operation in a transaction of its own; what became of each."""
        recipients = [self.info.recipient] if sealed else []
        outcomes: list[pb.Outcome] = []
        for start in range(0, len(operations), BATCH_ITEMS_MAX):
            part = operations[start : start + BATCH_ITEMS_MAX]
            carried = [transaction.transaction(transaction.content([one.data]), recipients) for one in part]
            acks = [ack for ack in self.client.submit(carried) if is_final(ack)]
            if [ack.client_id for ack in acks] != list(range(1, len(part) + 1)):
                raise Refused("other_acks", "final acknowledgements come in the order of the items")
            for ack, one in zip(acks, part, strict=True):
                if len(ack.outcomes) != 1:
                    raise Refused(ack.error.reason, ack.error.detail)
                if ack.outcomes[0].operation and ack.outcomes[0].operation != one.id:
                    raise Refused("other_id", "the node computes another operation id")
                self.signer.clock.see(ack.latest)
                outcomes.append(ack.outcomes[0])
        return outcomes

    def apply(self, *operations: Operation) -> None:
        """Submits operations that must all take effect."""
        for outcome in self.submit(operations):
            if outcome.kind != pb.OUTCOME_KIND_APPLIED:
                raise Refused(outcome.reason, outcome.detail, code=pb.OutcomeKind.Name(outcome.kind))

    def do(self, draft: Draft) -> Operation:
        """Signs something and submits it; it must take effect."""
        made = self.signer.sign(draft)
        self.apply(made)
        return made

    # --- Asking

    def ask(self, *, sealed_answer: bool = False, **query: Any) -> Any:
        """The answer to one query, named by its field in `Query`."""
        ((name, _),) = query.items()
        reply = DecryptionKey.generate() if sealed_answer else None
        reply_to = reply.public if reply else b""
        asked = request.make(self.identity, self.info.node, tx.Query(**query), reply_to=reply_to)
        carried = request.in_transaction(request.sign(self.identity, asked), self.info.recipient)
        answer = self.client.read(name, carried)
        return request.open_answer(answer, reply) if reply else answer

    def events(self, channel: bytes, *, cursor: bytes = b"", from_now: bool = False) -> Iterator[pb.Event]:
        """What happens in a channel; each operation is verified."""
        query = tx.Query(subscribe=tx.Subscribe(channel=channel, cursor=cursor, from_now=from_now))
        asked = request.make(self.identity, self.info.node, query)
        carried = request.in_transaction(request.sign(self.identity, asked), self.info.recipient)
        for batch in self.client.subscribe(carried):
            for event in batch.events:
                if event.operation:
                    made = verified(event.operation, channel)
                    if (made.id, made.timestamp) != (event.operation_id, event.timestamp):
                        raise Refused("other_id", "an event names another operation than it carries")
                yield event

    def pages(self, channel: bytes, *, limit: int = 0, backward: bool = False) -> Iterator[pb.PositionedMessage]:
        """Every accepted message of a channel, page by page."""
        cursor = b""
        while True:
            query = tx.ReadMessages(channel=channel, cursor=cursor, limit=limit, backward=backward)
            page = self.ask(messages=query)
            yield from page.messages
            cursor = page.cursor
            if not cursor:
                return

    def read_channel(self, channel: bytes, *, limit: int = 0) -> Channel:
        """A channel with all of its epochs and members, page by page."""
        members: dict[bytes, int] = {}
        epochs: dict[bytes, list[bytes]] = {}
        cursor = b""
        while True:
            page = self.ask(channel=tx.ReadChannel(channel=channel, cursor=cursor, limit=limit))
            for epoch in page.epochs:
                epochs.setdefault(epoch.key_id, []).extend(epoch.wraps)
            members.update({member.user: member.rights for member in page.members})
            cursor = page.cursor
            if not cursor:
                return Channel(page.channel, members, epochs)

    def user_of(self, user: bytes) -> pb.User:
        """One user."""
        answer: pb.ReadUsersResponse = self.ask(users=tx.ReadUsers(users=[user]))
        (found,) = answer.users
        return found

    # --- Channels

    def open_channel(self, name: str, members: Mapping[bytes, int]) -> bytes:
        """Opens a channel with these members beside this user; its id."""
        key = seal.new_epoch_key()
        genesis = kinds.channel_genesis(name, members, key)
        channel = domains.channel_id(self.user, genesis)
        recipients = {user: self.genesis_key(user) for user in members} | {self.user: self.identity.encryption.public}
        payload = kinds.channel_open(genesis, kinds.wraps(key, channel, recipients))
        self.do(Draft(op.KIND_CHANNEL_OPEN, payload, channel))
        return channel

    def genesis_key(self, user: bytes) -> bytes:
        """The encryption key of a user whose keys prove themselves by the id; rotated ones are not trusted."""
        found = self.user_of(user)
        if domains.user_id(found.signing_key, found.encryption_key) != user:
            raise Refused("rotated_keys", "the keys are not those of the id")
        return found.encryption_key

    def open_epoch(self, channel: bytes, recipients: Mapping[bytes, bytes]) -> bytes:
        """Opens a further epoch for users with these keys; its key id."""
        key = seal.new_epoch_key()
        payload = kinds.channel_epoch(key, kinds.wraps(key, channel, recipients))
        self.do(Draft(op.KIND_CHANNEL_EPOCH, payload, channel))
        return domains.key_id(key)

    def epoch_key(self, channel: bytes, key_id: bytes = b"") -> bytes:
        """The key of an epoch; without a key id, of the current one."""
        if (channel, key_id) in self._epochs:
            return self._epochs[channel, key_id]
        epochs = self.read_channel(channel).epochs
        wanted = key_id or list(epochs)[-1]
        for sealed in epochs.get(wanted, ()):
            for opener in (self.identity.encryption, *self.identity.former):
                try:
                    key = seal.unwrap(sealed, opener, channel, self.user, wanted)
                except Refused:
                    continue
                self._epochs[channel, wanted] = key
                return key
        raise Refused("no_key", "no wrap of the epoch opens")

    # --- Messages

    def draft_message(self, channel: bytes, text: str, epoch_key: bytes | None = None) -> Draft:
        """A message, to be sealed when its header is known."""
        key = epoch_key or self.epoch_key(channel)

        def payload(header: bytes) -> bytes:
            nonce = os.urandom(seal.NONCE_BYTES)
            return kinds.channel_message(nonce, seal.seal_content(key, channel, header, text.encode(), nonce))

        return Draft(op.KIND_CHANNEL_MESSAGE, payload, channel, domains.key_id(key))

    def say(self, channel: bytes, text: str) -> Operation:
        """Sends a message under the current epoch."""
        return self.do(self.draft_message(channel, text))

    def open_message(self, channel: bytes, made: Operation) -> str:
        """What a message says."""
        return seal.open_message(made, self.epoch_key(channel, made.header.key_id)).decode()

    def messages(self, channel: bytes, *, limit: int = 0, backward: bool = False) -> list[Message]:
        """Every accepted message, verified and opened."""
        found = []
        for entry in self.pages(channel, limit=limit, backward=backward):
            made = verified(entry.operation, channel)
            found.append(Message(entry.position, made, self.open_message(channel, made)))
        return found


def verified(data: bytes, channel: bytes) -> Operation:
    """An operation of a channel as a node gives it, decoded and with every signature verified."""
    made = Operation.decode(data)
    made.verify()
    if made.header.channel != channel:
        raise Refused("other_channel")
    return made


READ_WRITE = Right.READ | Right.WRITE
