"""Digests over multisets: LtHash with 1,024 lanes of 16 bits. Section Digests."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from .domains import Domain, derive

LANES = 1_024
STATE_BYTES = 2 * LANES
_LAYOUT = struct.Struct(f"<{LANES}H")
RULESET = 1


class LtHash:
    """A hash of a multiset; elements are added in any order."""

    def __init__(self) -> None:
        self._lanes = [0] * LANES

    def add(self, element: bytes) -> None:
        """Adds an element."""
        expanded = _LAYOUT.unpack(derive(Domain.DIGEST_ELEMENT, element, length=STATE_BYTES))
        self._lanes = [(lane + more) & 0xFFFF for lane, more in zip(self._lanes, expanded, strict=True)]

    def remove(self, element: bytes) -> None:
        """Takes an element out."""
        expanded = _LAYOUT.unpack(derive(Domain.DIGEST_ELEMENT, element, length=STATE_BYTES))
        self._lanes = [(lane - less) & 0xFFFF for lane, less in zip(self._lanes, expanded, strict=True)]

    @property
    def state(self) -> bytes:
        """The lanes, 2,048 bytes."""
        return _LAYOUT.pack(*self._lanes)

    @staticmethod
    def of(elements: Iterable[bytes]) -> LtHash:
        """The hash of these elements."""
        made = LtHash()
        for element in elements:
            made.add(element)
        return made


def state_digest(roots: Mapping[bytes, tuple[bytes, bytes]], elements: Iterable[bytes]) -> bytes:
    """The digest of a state; `roots` has the signing and the encryption key of each root."""
    said = [user + signing + encryption for user, (signing, encryption) in sorted(roots.items())]
    head = struct.pack(">IQ", RULESET, len(said))
    return derive(Domain.STATE_DIGEST, head, *said, LtHash.of(elements).state)


def log_digest(operation_ids: Iterable[bytes]) -> bytes:
    """The digest of a log."""
    return derive(Domain.LOG_DIGEST, LtHash.of(operation_ids).state)


def channel_digest(channel: bytes, elements: Iterable[bytes]) -> bytes:
    """The digest of one channel, over those elements of the state that name it."""
    return derive(Domain.CHANNEL_DIGEST, channel, LtHash.of(elements).state)
