"""What operations carry: what makes each payload well formed, and how it is made. Section Kinds."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dmpc.v1 import operation_pb2 as pb
from google.protobuf.message import Message

from . import domains, schemas, wire
from .errors import Refused
from .identity import Identity
from .keys import SigningKey, check_encryption_key, check_signing_key
from .permissions import PERMISSION_BITS, RIGHT_BITS
from .seal import check_age, wrap

SCHEMAS: Mapping[int, tuple[schemas.Schema, type[Message]]] = {
    pb.KIND_USER_CREATE: (schemas.USER_CREATE, pb.UserCreate),
    pb.KIND_USER_UPDATE: (schemas.USER_UPDATE, pb.UserUpdate),
    pb.KIND_CHANNEL_OPEN: (schemas.CHANNEL_OPEN, pb.ChannelOpen),
    pb.KIND_CHANNEL_MEMBERS: (schemas.CHANNEL_MEMBERS, pb.ChannelMembers),
    pb.KIND_CHANNEL_EPOCH: (schemas.CHANNEL_EPOCH, pb.ChannelEpoch),
    pb.KIND_CHANNEL_MESSAGE: (schemas.CHANNEL_MESSAGE, pb.ChannelMessage),
    pb.KIND_CHANNEL_CLOSE: (schemas.CHANNEL_CLOSE, pb.ChannelClose),
}


def is_of_channel(kind: int) -> bool:
    """Whether operations of this kind stand in a channel."""
    return kind >= pb.KIND_CHANNEL_OPEN


# --- Reading


def decode(header: pb.Header, data: bytes) -> Any:
    """A well-formed payload of the header's kind: one of the messages of operation.proto."""
    schema, kind = SCHEMAS[header.kind]
    payload = wire.read(schema, kind, data)
    check = _CHECKS.get(header.kind)
    if check is not None:
        check(header, payload)
    return payload


def genesis_of(payload: pb.ChannelOpen) -> pb.ChannelGenesis:
    """What the id of a channel commits to."""
    return wire.read(schemas.CHANNEL_GENESIS, pb.ChannelGenesis, payload.genesis)


def _ascending(values: Sequence[Any], what: str) -> None:
    for one, next_one in itertools.pairwise(values):
        if one >= next_one:
            raise Refused("not_ascending", what)


def _known(bits: int, allowed: int, what: str) -> None:
    if bits & ~allowed:
        raise Refused("bad_value", f"unknown bits of {what}")


def _check_members(members: Sequence[pb.Member]) -> None:
    for member in members:
        _known(member.rights, RIGHT_BITS, "rights")
    _ascending([member.user for member in members], "members")


def _check_wraps(wraps: Sequence[pb.Wrap], users: set[bytes] | None) -> None:
    for one in wraps:
        check_encryption_key(one.encryption_key)
        check_age(one.sealed, 1)
        if users is not None and one.user not in users:
            raise Refused("wrap_for_stranger", one.user.hex())
    _ascending([(one.user, one.encryption_key) for one in wraps], "wraps")


def _check_create(_header: pb.Header, payload: pb.UserCreate) -> None:
    check_signing_key(payload.signing_key)
    check_encryption_key(payload.encryption_key)
    _known(payload.permissions, PERMISSION_BITS, "permissions")


def _check_update(_header: pb.Header, payload: pb.UserUpdate) -> None:
    if payload.encryption_key:
        check_encryption_key(payload.encryption_key)
    if payload.signing_key:
        check_signing_key(payload.signing_key)
    if payload.signing_key and not payload.countersignature:
        raise Refused("missing_field", "a new signing key is countersigned")
    if payload.countersignature and not payload.signing_key:
        raise Refused("bad_value", "a countersignature without a signing key")
    _known(payload.grant | payload.revoke, PERMISSION_BITS, "permissions")
    if payload.grant & payload.revoke:
        raise Refused("bad_value", "a permission is granted and revoked")
    flags = payload.HasField("active") or payload.HasField("display_name")
    if not (flags or payload.encryption_key or payload.signing_key or payload.grant or payload.revoke):
        raise Refused("changes_nothing")


def _check_open(header: pb.Header, payload: pb.ChannelOpen) -> None:
    genesis = genesis_of(payload)
    _check_members(genesis.members)
    members = {member.user for member in genesis.members}
    if header.issuer in members:
        raise Refused("opener_listed")
    _check_wraps(payload.wraps, members | {header.issuer})
    if domains.channel_id(header.issuer, payload.genesis) != header.channel:
        raise Refused("channel_id_mismatch")


def _check_change(_header: pb.Header, payload: pb.ChannelMembers) -> None:
    if not payload.set and not payload.remove:
        raise Refused("changes_nothing")
    if len(payload.set) + len(payload.remove) > schemas.MEMBERS_MAX:
        raise Refused("too_many", "members")
    if sum(len(epoch.wraps) for epoch in payload.epochs) > schemas.WRAPS_MAX:
        raise Refused("too_many", "wraps")
    _check_members(payload.set)
    _ascending(payload.remove, "removed users")
    users = {member.user for member in payload.set}
    if users & set(payload.remove):
        raise Refused("set_and_removed")
    for epoch in payload.epochs:
        _check_wraps(epoch.wraps, users)
        if not epoch.wraps:
            raise Refused("changes_nothing", "an epoch without wraps")
    _ascending([epoch.key_id for epoch in payload.epochs], "epochs")


def _check_epoch(_header: pb.Header, payload: pb.ChannelEpoch) -> None:
    _check_wraps(payload.epoch.wraps, None)


def _check_message(_header: pb.Header, payload: pb.ChannelMessage) -> None:
    if len(payload.ciphertext) < schemas.TAG_BYTES:
        raise Refused("ciphertext_too_short", "the tag of the seal is not there")


_CHECKS: Mapping[int, Callable[[pb.Header, Any], None]] = {
    pb.KIND_USER_CREATE: _check_create,
    pb.KIND_USER_UPDATE: _check_update,
    pb.KIND_CHANNEL_OPEN: _check_open,
    pb.KIND_CHANNEL_MEMBERS: _check_change,
    pb.KIND_CHANNEL_EPOCH: _check_epoch,
    pb.KIND_CHANNEL_MESSAGE: _check_message,
}

# --- Making


def encode(kind: int, payload: Message) -> bytes:
    """The bytes of a payload."""
    return wire.encode(SCHEMAS[kind][0], payload)


def user_create(subject: Identity, permissions: int = 0, display_name: str = "") -> bytes:
    """Introduces somebody, who countersigns."""
    payload = pb.UserCreate(
        signing_key=subject.signing.public,
        encryption_key=subject.encryption.public,
        countersignature=subject.signing.countersign(subject.user),
        permissions=permissions,
        display_name=display_name,
    )
    return encode(pb.KIND_USER_CREATE, payload)


def user_update(
    user: bytes,
    *,
    active: bool | None = None,
    encryption_key: bytes = b"",
    signing_key: SigningKey | None = None,
    grant: int = 0,
    revoke: int = 0,
    display_name: str | None = None,
) -> bytes:
    """Writes the fields that are given."""
    payload = pb.UserUpdate(
        user=user,
        active=active,
        encryption_key=encryption_key,
        signing_key=signing_key.public if signing_key else b"",
        countersignature=signing_key.countersign(user) if signing_key else b"",
        grant=grant,
        revoke=revoke,
        display_name=display_name,
    )
    return encode(pb.KIND_USER_UPDATE, payload)


def wraps(epoch_key: bytes, channel: bytes, recipients: Mapping[bytes, bytes]) -> list[pb.Wrap]:
    """An epoch's key for users, who are given with their encryption keys."""
    return [wrap(epoch_key, channel, user, key) for user, key in sorted(recipients.items())]


def members_of(rights: Mapping[bytes, int]) -> list[pb.Member]:
    """Users with rights, in the order that is wanted."""
    return [pb.Member(user=user, rights=bits) for user, bits in sorted(rights.items())]


def channel_genesis(name: str, rights: Mapping[bytes, int], epoch_key: bytes) -> bytes:
    """What the id of a new channel commits to; `rights` without the opener."""
    genesis = pb.ChannelGenesis(
        nonce=os.urandom(32), name=name, members=members_of(rights), key_id=domains.key_id(epoch_key)
    )
    return wire.encode(schemas.CHANNEL_GENESIS, genesis)


def channel_open(genesis: bytes, wrapped: Iterable[pb.Wrap]) -> bytes:
    """Opens a channel."""
    return encode(pb.KIND_CHANNEL_OPEN, pb.ChannelOpen(genesis=genesis, wraps=wrapped))


def channel_members(
    rights: Mapping[bytes, int], remove: Iterable[bytes], epochs: Mapping[bytes, Sequence[pb.Wrap]]
) -> bytes:
    """Sets and removes members; `epochs` has wraps by key id."""
    payload = pb.ChannelMembers(
        set=members_of(rights),
        remove=sorted(remove),
        epochs=[pb.EpochWraps(key_id=key_id, wraps=wrapped) for key_id, wrapped in sorted(epochs.items())],
    )
    return encode(pb.KIND_CHANNEL_MEMBERS, payload)


def channel_epoch(epoch_key: bytes, wrapped: Iterable[pb.Wrap]) -> bytes:
    """Opens an epoch, or adds wraps of one."""
    epoch = pb.EpochWraps(key_id=domains.key_id(epoch_key), wraps=wrapped)
    return encode(pb.KIND_CHANNEL_EPOCH, pb.ChannelEpoch(epoch=epoch))


def channel_message(nonce: bytes, ciphertext: bytes) -> bytes:
    """Sealed content."""
    return encode(pb.KIND_CHANNEL_MESSAGE, pb.ChannelMessage(nonce=nonce, ciphertext=ciphertext))
