"""Somebody who signs: an identity with its clock and its lanes."""

from __future__ import annotations

import os

from dmpc.v1 import operation_pb2 as pb

from . import operation
from .hlc import Clock
from .identity import Identity
from .operation import Draft, Operation


class Signer:
    """Signs with a key, in lanes that begin when the signer is made and are not kept: a copy never forks them."""

    def __init__(self, identity: Identity, clock: Clock | None = None) -> None:
        self.identity = identity
        self.clock = clock or Clock()
        self._lanes: dict[bytes, pb.Link] = {}

    @property
    def user(self) -> bytes:
        """The user id."""
        return self.identity.user

    def sign(self, draft: Draft, at: int | None = None) -> Operation:
        """An operation issued and certified by this user."""
        stamp = at or self.clock.stamp()
        made = operation.sign(self.identity, draft, stamp, self._next_link(draft.channel))
        self._advance(draft.channel, made)
        return made

    def issue(self, draft: Draft, certifier: bytes, at: int | None = None) -> bytes:
        """An issue for somebody else to certify."""
        return operation.issue(self.identity, draft, at or self.clock.stamp(), certifier)

    def certify(self, issued: bytes, at: int | None = None) -> Operation:
        """Certifies what somebody issued for this user."""
        header = operation.decode_issue(issued).header
        self.clock.see(header.issued_at)
        link = self._next_link(header.channel)
        made = operation.certify(self.identity, issued, at or self.clock.stamp(), link)
        self._advance(header.channel, made)
        return made

    def _next_link(self, channel: bytes) -> pb.Link:
        return self._lanes.setdefault(channel, pb.Link(lane=os.urandom(16), seq=1))

    def _advance(self, channel: bytes, made: Operation) -> None:
        link = self._lanes[channel]
        self._lanes[channel] = pb.Link(lane=link.lane, seq=link.seq + 1, prev=made.id)
