"""Random worlds: a node's verdicts and digests beside those of the fold in Python."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from dmpc.v1 import node_pb2 as pb

from dmpc_interop.fold import Folded, fold
from dmpc_interop.hlc import from_ms, now_ms
from dmpc_interop.identity import Identity
from dmpc_interop.operation import Operation
from dmpc_interop.scenarios.stage import Arguments, Result, channel_text, expect, person, scenario
from dmpc_interop.world import World

# Worlds play so long ago that no message is fresh, and no operation ahead.
_AGO_MS = 3_600_000


def _known(roots: set[bytes], operations: list[Operation]) -> set[bytes]:
    """The roots and the subjects of logged creates; logged is what a known user certifies."""
    known, before = set(roots), -1
    while len(known) != before:
        before = len(known)
        known |= {one.subject for one in operations if one.header.kind == 1 and one.certifier in known}
    return known


def _compare(folded: Folded, logged: Folded, info: pb.NodeInfoResponse, what: str) -> None:
    expect(f"{what}: operations", info.operations, len(logged.verdicts))
    expect(f"{what}: log digest", info.log_digest, logged.log_digest)
    expect(f"{what}: state digest", info.state_digest, folded.state_digest)


@scenario
def world(arguments: Arguments) -> Result:
    """A random world at two nodes with one root: at the first in order, at the second shuffled and with duplicates.

    Needs root, other (addresses of the second node), seed, count. At the first node the verdict of each operation is
    compared as it is acknowledged; at both, the digests at the end.
    """
    draw = random.Random(arguments["seed"])
    root = Identity.load(Path(arguments["root"]))
    made = World(draw, root, from_ms(now_ms() - _AGO_MS)).play(arguments["count"])
    in_order = sorted(made, key=lambda one: one.key)
    roots = {root.user: (root.signing.public, root.encryption.public)}
    folded = fold(roots, in_order)
    known = _known(set(roots), in_order)
    logged = fold(roots, [one for one in in_order if one.certifier in known])

    first = person(arguments, root)
    found = first.submit(in_order, sealed=False)
    for operation, outcome in zip(in_order, found, strict=True):
        word = folded.verdicts[operation.id]
        wanted = {word}
        if word == "unknown_certifier":
            # Kept aside, unless a create of that user was logged without effect.
            wanted.add("waits_for_certifier")
        if outcome.reason not in wanted:
            raise AssertionError(f"{operation.header}: {outcome.reason!r} where {word!r} was expected")
    _compare(folded, logged, first.client.node_info(), "in order")

    second = person({**arguments, **arguments["other"]}, root)
    shuffled = in_order + draw.sample(in_order, len(in_order) // 4)
    draw.shuffle(shuffled)
    second.submit(shuffled, sealed=False)
    _compare(folded, logged, second.client.node_info(), "shuffled")
    channels = {channel for channel, _ in folded.state.elements if channel}
    return {
        # Of the operations that are logged.
        "words": Counter(word or "applied" for word in logged.verdicts.values()),
        "channels": {channel_text(channel): folded.channel_digest(channel).hex() for channel in channels},
        "state": folded.state_digest.hex(),
    }
