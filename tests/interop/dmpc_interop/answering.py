"""What a node checks of a request before it looks at what is asked. Section Requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmpc.v1 import transaction_pb2 as tx

from . import request
from .errors import Refused
from .schemas import REQUEST_AHEAD_MS_MAX, REQUEST_LIFETIME_MS


@dataclass(frozen=True)
class User:
    """A user at present."""

    key: bytes
    active: bool


class Answering:
    """A node that remembers what it accepted."""

    def __init__(self, node: bytes, started_ms: int, users: Mapping[bytes, User]) -> None:
        self._node = node
        self._started_ms = started_ms
        self._users = users
        self._accepted: set[tuple[bytes, bytes, int]] = set()

    def accept(self, data: bytes, now_ms: int) -> tx.Request:
        """A request that the node answers, at this time of its clock."""
        asked = request.read(data)
        if asked.node != self._node:
            raise Refused("other_node")
        if now_ms - asked.issued_at_ms > REQUEST_LIFETIME_MS:
            raise Refused("request_expired")
        if asked.issued_at_ms - now_ms > REQUEST_AHEAD_MS_MAX:
            raise Refused("request_ahead")
        if asked.issued_at_ms < self._started_ms:
            raise Refused("request_before_start")
        user = self._users.get(asked.user)
        if user is None:
            raise Refused("unknown_user")
        if not user.active:
            raise Refused("user_inactive")
        if user.key != asked.key:
            raise Refused("key_not_current")
        once = (asked.user, asked.nonce, asked.issued_at_ms // 1_000)
        if once in self._accepted:
            raise Refused("request_replayed")
        self._accepted.add(once)
        return asked
