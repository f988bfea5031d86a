"""Hybrid logical time: 48 bits of milliseconds since 1970, 16 of counter, as one int. Section Logical time."""

from __future__ import annotations

import struct
import time

from .errors import Refused

COUNTER_BITS = 16
_MS_MAX = 2**48 - 1


def now_ms() -> int:
    """The clock of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def from_ms(milliseconds: int, counter: int = 0) -> int:
    """A timestamp."""
    return milliseconds << COUNTER_BITS | counter


def next_after(seen: int, clock_ms: int) -> int:
    """The least timestamp above every one that was seen and not before the clock, which counts to 48 bits."""
    stamp = max(seen + 1, from_ms(min(clock_ms, _MS_MAX)))
    if stamp >> 64:
        raise Refused("end_of_time")
    return stamp


def to_text(timestamp: int) -> str:
    """`milliseconds.counter`."""
    return f"{timestamp >> COUNTER_BITS}.{timestamp & (1 << COUNTER_BITS) - 1}"


def from_text(text: str) -> int:
    """What `to_text` wrote."""
    milliseconds, counter = text.split(".")
    return from_ms(int(milliseconds), int(counter))


def op_key(timestamp: int, operation_id: bytes) -> bytes:
    """The place of an operation in the order of everything: 40 bytes."""
    return struct.pack(">Q", timestamp) + operation_id


class Clock:
    """Stamps above everything that it has seen."""

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen

    def see(self, timestamp: int) -> None:
        """Takes notice of a timestamp of somebody else."""
        self.seen = max(self.seen, timestamp)

    def stamp(self) -> int:
        """The next timestamp."""
        self.seen = next_after(self.seen, now_ms())
        return self.seen
