"""A node over gRPC."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from dmpc.v1 import node_pb2 as pb
from dmpc.v1 import node_pb2_grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from .client import CHALLENGE_BYTES, PATIENCE_S, Answer, batch, check_node
from .errors import CUT_OFF, Refused
from .schemas import ANSWER_BYTES_MAX

T = TypeVar("T")
DOMAIN = "dmpc.v1"


def refused(error: Any) -> Refused:
    """What a status says: its code, and the ErrorInfo that every failure carries."""
    status = rpc_status.from_call(error)
    code = error.code().name
    if status is None:
        # What the library itself says when there is no connection any more.
        is_cut = error.code() is grpc.StatusCode.UNAVAILABLE
        return Refused(CUT_OFF if is_cut else "no_details", error.details() or "", code=code)
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return Refused(info.reason, status.message, code=code, error_class=info.metadata["class"])
    return Refused("no_error_info", status.message, code=code)


def _said(call: Callable[[], T]) -> T:
    try:
        return call()
    except grpc.RpcError as error:
        raise refused(error) from None


class GrpcClient:
    """See `client.Client`."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", ANSWER_BYTES_MAX)])
        self._stub: Any = node_pb2_grpc.NodeStub(self.channel)  # type: ignore[no-untyped-call]

    def node_info(self) -> pb.NodeInfoResponse:
        """Who the node is."""
        asked = pb.NodeInfoRequest(challenge=os.urandom(CHALLENGE_BYTES))
        return check_node(_said(lambda: self._stub.NodeInfo(asked, timeout=PATIENCE_S)), asked.challenge)

    def submit(self, transactions: Sequence[bytes]) -> list[pb.Ack]:
        """Submits transactions in one batch; every acknowledgement, as they come."""
        stream = self._stub.SubmitStream(iter([batch(transactions)]), timeout=PATIENCE_S)
        return _said(lambda: [ack for answer in stream for ack in answer.acks])

    def submit_one(self, transaction: bytes) -> list[pb.Ack]:
        """Submits one transaction by the call that runs one."""
        stream = self._stub.Submit(pb.SubmitRequest(transaction=transaction), timeout=PATIENCE_S)
        return _said(lambda: list(stream))

    def read(self, query: str, transaction: bytes) -> Answer:
        """The answer to a request, by the name of its query."""
        call = {
            "users": self._stub.ReadUsers,
            "keys": self._stub.ReadKeys,
            "channel": self._stub.ReadChannel,
            "channels": self._stub.ListChannels,
            "messages": self._stub.ReadMessages,
        }[query]
        answer: Answer = _said(lambda: call(pb.ReadRequest(transaction=transaction), timeout=PATIENCE_S))
        return answer

    def subscribe(self, transaction: bytes) -> Iterator[pb.EventBatch]:
        """Events as they come."""
        stream = self._stub.Subscribe(pb.ReadRequest(transaction=transaction), timeout=PATIENCE_S)
        while (events := _said(lambda: next(stream, None))) is not None:
            yield events

    def cut(self) -> None:
        """Drops the connection without a word."""
        self.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()
