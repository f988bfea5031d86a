"""The state: registers that applied operations write. Section State."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from dmpc.v1 import operation_pb2 as pb

from . import kinds
from .operation import Operation
from .permissions import PERMISSION_BITS, RIGHT_BITS, Permission


class Tag(IntEnum):
    """A kind of register."""

    USER_CREATED = 1
    USER_ACTIVE = 2
    USER_PERMISSION = 3
    USER_NAME = 4
    USER_SIGNING_KEY = 5
    USER_ENCRYPTION_KEY = 6
    CHANNEL_OPENED = 7
    CHANNEL_CLOSED = 8
    CHANNEL_MEMBER = 9
    CHANNEL_EPOCH = 10


MESSAGE_ELEMENT = b"\x80"
MARK = b"\x00"


def flag(value: bool) -> bytes:
    """A value of a register."""
    return bytes([1, value])


def rights(bits: int) -> bytes:
    """A value of a register."""
    return bytes([2, bits])


def key(value: bytes) -> bytes:
    """A value of a register."""
    return b"\x03" + value


def text(value: str) -> bytes:
    """A value of a register."""
    return b"\x04" + value.encode()


def opened(opener: bytes, name: str) -> bytes:
    """A value of a register."""
    return b"\x05" + opener + name.encode()


class State:
    """The registers as they stand, and the elements of all that was ever written."""

    def __init__(self, roots: Mapping[bytes, tuple[bytes, bytes]]) -> None:
        self.roots = dict(roots)
        self._now: dict[tuple[Tag, bytes], bytes] = {}
        # Elements of the state digest, with the channel that they name.
        self.elements: list[tuple[bytes, bytes]] = []
        self.issues: set[bytes] = set()
        for user, (signing, encryption) in roots.items():
            self._now[Tag.USER_CREATED, user] = MARK
            self._now[Tag.USER_SIGNING_KEY, user] = key(signing)
            self._now[Tag.USER_ENCRYPTION_KEY, user] = key(encryption)
            for permission in Permission:
                self._now[Tag.USER_PERMISSION, user + bytes([permission])] = flag(True)

    # --- Reading

    def has(self, tag: Tag, name: bytes) -> bool:
        """Whether a register was written."""
        return (tag, name) in self._now

    def is_active(self, user: bytes) -> bool:
        """Whether a user is active; one without an entry is."""
        return self._now.get((Tag.USER_ACTIVE, user)) != flag(False)

    def signing_key(self, user: bytes) -> bytes:
        """The present signing key of a user that was created."""
        return self._now[Tag.USER_SIGNING_KEY, user][1:]

    def permissions(self, user: bytes) -> int:
        """The permissions of a user."""
        held = (bit for bit in Permission if self._now.get((Tag.USER_PERMISSION, user + bytes([bit]))) == flag(True))
        return sum(held)

    def rights(self, channel: bytes, user: bytes) -> int:
        """The rights of a user in a channel."""
        return self._now.get((Tag.CHANNEL_MEMBER, channel + user), rights(0))[1]

    # --- Writing

    def apply(self, operation: Operation) -> None:
        """Writes what an operation that takes effect writes."""
        if operation.certification is not None:
            self.issues.add(operation.issue_id)
        _WRITERS[operation.header.kind](self, operation)

    def _write(self, operation: Operation, tag: Tag, name: bytes, value: bytes) -> None:
        self._now[tag, name] = value
        self.elements.append((operation.header.channel, bytes([tag]) + name + operation.key + value))

    def _write_permissions(self, operation: Operation, bits: int, held: bool) -> None:
        for bit in Permission:
            if bits & bit & PERMISSION_BITS:
                self._write(operation, Tag.USER_PERMISSION, operation.subject + bytes([bit]), flag(held))

    def _create(self, operation: Operation) -> None:
        user, payload = operation.subject, operation.payload
        if not self.has(Tag.USER_CREATED, user):
            self._write(operation, Tag.USER_CREATED, user, MARK)
            self._write(operation, Tag.USER_SIGNING_KEY, user, key(payload.signing_key))
            self._write(operation, Tag.USER_ENCRYPTION_KEY, user, key(payload.encryption_key))
            if payload.display_name:
                self._write(operation, Tag.USER_NAME, user, text(payload.display_name))
        self._write_permissions(operation, payload.permissions, held=True)

    def _update(self, operation: Operation) -> None:
        user, payload = operation.subject, operation.payload
        if payload.HasField("active"):
            self._write(operation, Tag.USER_ACTIVE, user, flag(payload.active))
        if payload.encryption_key:
            self._write(operation, Tag.USER_ENCRYPTION_KEY, user, key(payload.encryption_key))
        if payload.signing_key:
            self._write(operation, Tag.USER_SIGNING_KEY, user, key(payload.signing_key))
        self._write_permissions(operation, payload.grant, held=True)
        self._write_permissions(operation, payload.revoke, held=False)
        if payload.HasField("display_name"):
            self._write(operation, Tag.USER_NAME, user, text(payload.display_name))

    def _open(self, operation: Operation) -> None:
        channel, opener = operation.header.channel, operation.header.issuer
        genesis = kinds.genesis_of(operation.payload)
        self._write(operation, Tag.CHANNEL_OPENED, channel, opened(opener, genesis.name))
        self._write(operation, Tag.CHANNEL_MEMBER, channel + opener, rights(RIGHT_BITS))
        for member in genesis.members:
            self._write(operation, Tag.CHANNEL_MEMBER, channel + member.user, rights(member.rights))
        self._write(operation, Tag.CHANNEL_EPOCH, channel + genesis.key_id, MARK)

    def _change(self, operation: Operation) -> None:
        channel = operation.header.channel
        for member in operation.payload.set:
            self._write(operation, Tag.CHANNEL_MEMBER, channel + member.user, rights(member.rights))
        for user in operation.payload.remove:
            self._write(operation, Tag.CHANNEL_MEMBER, channel + user, rights(0))

    def _epoch(self, operation: Operation) -> None:
        name = operation.header.channel + operation.payload.epoch.key_id
        if not self.has(Tag.CHANNEL_EPOCH, name):
            self._write(operation, Tag.CHANNEL_EPOCH, name, MARK)

    def _message(self, operation: Operation) -> None:
        channel = operation.header.channel
        self.elements.append((channel, MESSAGE_ELEMENT + channel + operation.key))

    def _close(self, operation: Operation) -> None:
        self._write(operation, Tag.CHANNEL_CLOSED, operation.header.channel, MARK)


_WRITERS = {
    pb.KIND_USER_CREATE: State._create,
    pb.KIND_USER_UPDATE: State._update,
    pb.KIND_CHANNEL_OPEN: State._open,
    pb.KIND_CHANNEL_MEMBERS: State._change,
    pb.KIND_CHANNEL_EPOCH: State._epoch,
    pb.KIND_CHANNEL_MESSAGE: State._message,
    pb.KIND_CHANNEL_CLOSE: State._close,
}
