"""Somebody who is cut off and goes on: connects again, and does again what was not answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from dmpc.v1 import node_pb2 as pb

from .errors import CUT_OFF, Refused
from .identity import Identity
from .person import Addresses, Person, connect

T = TypeVar("T")

_PAUSE_S = 0.01
_PATIENCE_S = 60.0


class Steady:
    """An identity at a node, over as many connections as it takes."""

    def __init__(self, identity: Identity, addresses: Addresses, via: str) -> None:
        self.identity = identity
        self.cuts = 0
        self._addresses = addresses
        self._via = via
        self._person: Person | None = None

    def do(self, action: Callable[[Person], T]) -> T:
        """Does something, again with another connection for as long as it is cut off."""
        since = time.monotonic()
        while True:
            try:
                self._person = self._person or Person(self.identity, connect(self._addresses, self._via))
                return action(self._person)
            except Refused as refused:
                if refused.reason != CUT_OFF or time.monotonic() - since > _PATIENCE_S:
                    raise
            self.cuts += 1
            if self._person:
                self._person.client.cut()
            self._person = None
            time.sleep(_PAUSE_S)

    def events(self, channel: bytes) -> Iterator[pb.Event]:
        """What happens in a channel, from the beginning on; each event once, over however many subscriptions."""
        cursor = b""
        events: Iterator[pb.Event] | None = None

        def following(person: Person) -> pb.Event:
            nonlocal events
            events = events or person.events(channel, cursor=cursor)
            try:
                return next(events)
            except (Refused, StopIteration):
                events = None
                raise

        while True:
            event = self.do(following)
            cursor = event.cursor
            yield event
