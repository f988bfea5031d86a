"""What both front ends offer, and what a client makes of it. Section Front ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from dmpc.v1 import node_pb2 as pb

from .domains import Domain, node_id
from .errors import Refused
from .keys import verify

BATCH_ITEMS_MAX = 256
CHALLENGE_BYTES = 32

Answer = (
    pb.ReadUsersResponse
    | pb.ReadKeysResponse
    | pb.ReadChannelResponse
    | pb.ListChannelsResponse
    | pb.ReadMessagesResponse
)

# A node that says nothing for so long hangs.
PATIENCE_S = 30.0


class Client(Protocol):
    """A connection to a node."""

    def node_info(self) -> pb.NodeInfoResponse:
        """Who the node is, proven with a fresh challenge."""

    def submit(self, transactions: Sequence[bytes]) -> list[pb.Ack]:
        """Submits transactions in one batch; every acknowledgement, as they come."""

    def read(self, query: str, transaction: bytes) -> Answer:
        """The answer to a request, by the name of its query."""

    def subscribe(self, transaction: bytes) -> Iterator[pb.EventBatch]:
        """Events as they come. The connection is used for nothing else."""

    def cut(self) -> None:
        """Drops the connection without a word."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def check_node(info: pb.NodeInfoResponse, challenge: bytes) -> pb.NodeInfoResponse:
    """Refuses what is not from the holder of the node's keys, or names another node than these keys do."""
    if node_id(info.signing_key, info.recipient) != info.node:
        raise Refused("other_node", "the node id is not that of its keys")
    verify(info.signing_key, Domain.SIGN_NODE_INFO, info.node + info.recipient + challenge, info.signature)
    return info


def batch(transactions: Sequence[bytes]) -> pb.SubmitBatch:
    """Items with the ids 1, 2, 3, ..."""
    return pb.SubmitBatch(
        items=[pb.Item(client_id=place, transaction=data) for place, data in enumerate(transactions, start=1)]
    )


def is_final(ack: pb.Ack) -> bool:
    """Whether nothing more is said about a transaction."""
    return ack.state in (pb.TICKET_STATE_SUCCESS, pb.TICKET_STATE_FAILED)
