"""Lanes, as whoever has some of their operations sees them. Section Operation, Lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dmpc.v1 import operation_pb2 as pb

from .errors import Refused
from .operation import Operation


def link_of(operation: Operation) -> pb.Link:
    """The place that an operation takes in its certifier's lane."""
    return operation.certification.link if operation.certification else operation.header.link


@dataclass(frozen=True)
class Lane:
    """The places of one lane."""

    seqs: list[int]
    # Places below the last that nobody holds, and places that several operations hold.
    gaps: list[int]
    forks: list[int]


def lane_of(operations: Sequence[Operation]) -> Lane:
    """The lane that these operations are of. Several of one place are a proof of equivocation."""
    names = {(one.certifier, one.certifier_key, one.header.channel, link_of(one).lane) for one in operations}
    if len(names) != 1:
        raise Refused("other_lane", "the operations are of several lanes")
    counts = Counter(link_of(one).seq for one in {one.id: one for one in operations}.values())
    return Lane(
        sorted(counts.elements()),
        [seq for seq in range(1, max(counts)) if seq not in counts],
        sorted(seq for seq, count in counts.items() if count > 1),
    )
