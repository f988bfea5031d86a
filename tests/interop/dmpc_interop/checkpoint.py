"""Checkpoints: digests that are kept elsewhere. Section Digests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import ids
from .errors import Refused

_TEXT = re.compile(
    r"dmpc checkpoint 1\nnode (\S+)\noperations (0|[1-9][0-9]*)\nstate ([0-9a-f]{64})\nlog ([0-9a-f]{64})\n?"
)


@dataclass(frozen=True)
class Checkpoint:
    """What a node's log was at some time."""

    node: bytes
    operations: int
    state_digest: bytes
    log_digest: bytes

    @staticmethod
    def from_text(text: str) -> Checkpoint:
        """What the text of a checkpoint says."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise Refused("bad_checkpoint")
        node, operations, state, log = found.groups()
        return Checkpoint(ids.read(ids.Name.NODE, node), int(operations), bytes.fromhex(state), bytes.fromhex(log))
