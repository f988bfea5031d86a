"""The fold: operations in the order of their keys, each judged by what stands before it. Section Verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dmpc.v1 import operation_pb2 as pb

from . import digest
from .operation import Operation
from .permissions import Permission, Right
from .state import State, Tag

APPLIED = ""

_RIGHTS = {
    pb.KIND_CHANNEL_MEMBERS: Right.MANAGE,
    pb.KIND_CHANNEL_EPOCH: Right.MANAGE,
    pb.KIND_CHANNEL_MESSAGE: Right.WRITE,
    pb.KIND_CHANNEL_CLOSE: Right.CLOSE,
}


def judge(state: State, operation: Operation) -> str:
    """The word of the verdict on an operation that stands after `state`; empty when it is applied."""
    if word := _judge_author(state, operation):
        return word
    if operation.header.kind == pb.KIND_USER_CREATE:
        word = _judge_create(state, operation)
    elif operation.header.kind == pb.KIND_USER_UPDATE:
        word = _judge_update(state, operation)
    elif operation.header.kind == pb.KIND_CHANNEL_OPEN:
        word = _judge_open(state, operation)
    else:
        word = _judge_channel(state, operation)
    if not word and operation.certification is not None and operation.issue_id in state.issues:
        return "duplicate_issue"
    return word


def _judge_author(state: State, operation: Operation) -> str:
    words = _judge_signer(state, operation.certifier, operation.certifier_key, "certifier")
    header = operation.header
    if words or not header.certifier:
        return words
    if not state.has(Tag.USER_CREATED, header.issuer) and header.kind == pb.KIND_USER_CREATE:
        answers = operation.subject == header.issuer and operation.payload.signing_key == header.issuer_key
        return APPLIED if answers else "unknown_issuer"
    return _judge_signer(state, header.issuer, header.issuer_key, "issuer")


def _judge_signer(state: State, user: bytes, key: bytes, role: str) -> str:
    if not state.has(Tag.USER_CREATED, user):
        return f"unknown_{role}"
    if not state.is_active(user):
        return f"{role}_inactive"
    return APPLIED if state.signing_key(user) == key else f"{role}_key"


def _judge_create(state: State, operation: Operation) -> str:
    if operation.subject in state.roots and operation.subject != operation.certifier:
        return "root_fixed"
    held = state.permissions(operation.certifier)
    if not held & Permission.USER_ADD:
        return "permission_missing"
    return "attenuation" if operation.payload.permissions & ~held else APPLIED


def _judge_update(state: State, operation: Operation) -> str:
    payload, subject, certifier = operation.payload, operation.subject, operation.certifier
    itself = subject == certifier
    if not state.has(Tag.USER_CREATED, subject):
        return "unknown_subject"
    if subject in state.roots and not itself:
        return "root_fixed"
    held = state.permissions(certifier)
    over_others = 0
    if payload.HasField("active"):
        over_others |= Permission.USER_REMOVE
    if payload.encryption_key:
        over_others |= Permission.USER_ENC_KEY_UPDATE
    if payload.signing_key:
        over_others |= Permission.USER_SIGN_KEY_UPDATE
    needed = 0 if itself else over_others
    if payload.grant | payload.revoke or (payload.HasField("display_name") and not itself):
        needed |= Permission.USER_PERMISSIONS_UPDATE
    if needed & ~held:
        return "permission_missing"
    if not itself and over_others and state.permissions(subject) & ~held:
        return "attenuation"
    return "attenuation" if (payload.grant | payload.revoke) & ~held else APPLIED


def _judge_open(state: State, operation: Operation) -> str:
    if not state.permissions(operation.certifier) & Permission.CHANNEL_ADD:
        return "permission_missing"
    return "channel_exists" if state.has(Tag.CHANNEL_OPENED, operation.header.channel) else APPLIED


def _judge_channel(state: State, operation: Operation) -> str:
    header, certifier = operation.header, operation.certifier
    if not state.has(Tag.CHANNEL_OPENED, header.channel):
        return "unknown_channel"
    if state.has(Tag.CHANNEL_CLOSED, header.channel):
        return "channel_closed"
    held = state.rights(header.channel, certifier)
    leaves = (
        header.kind == pb.KIND_CHANNEL_MEMBERS
        and not operation.payload.set
        and list(operation.payload.remove) == [certifier]
    )
    if not (held if leaves else held & _RIGHTS[header.kind]):
        return "right_missing"
    if header.kind == pb.KIND_CHANNEL_MESSAGE and not state.has(Tag.CHANNEL_EPOCH, header.channel + header.key_id):
        return "unknown_epoch"
    return APPLIED


@dataclass(frozen=True)
class Folded:
    """What a log comes to."""

    state: State
    # By operation id: the word, empty when applied.
    verdicts: dict[bytes, str]

    @property
    def state_digest(self) -> bytes:
        """The digest of the state."""
        return digest.state_digest(self.state.roots, (element for _, element in self.state.elements))

    @property
    def log_digest(self) -> bytes:
        """The digest of the log."""
        return digest.log_digest(self.verdicts)

    def channel_digest(self, channel: bytes) -> bytes:
        """The digest of one channel."""
        return digest.channel_digest(channel, (element for named, element in self.state.elements if named == channel))


def fold(roots: Mapping[bytes, tuple[bytes, bytes]], operations: Iterable[Operation]) -> Folded:
    """Judges operations, given in any order and any number of times. `roots` has the two keys of each root."""
    state, verdicts = State(roots), dict[bytes, str]()
    for operation in sorted({one.id: one for one in operations}.values(), key=lambda one: one.key):
        word = judge(state, operation)
        verdicts[operation.id] = word
        if not word:
            state.apply(operation)
    return Folded(state, verdicts)
