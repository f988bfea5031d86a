"""A node over websocket."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from dmpc.v1 import node_pb2 as pb
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from .client import CHALLENGE_BYTES, PATIENCE_S, Answer, batch, check_node, is_final
from .errors import CUT_OFF, Refused
from .schemas import ANSWER_BYTES_MAX

SUBPROTOCOL = Subprotocol("dmpc.v1.proto")


def _ended(closed: ConnectionClosed) -> Refused:
    """Why: the code of the node's close frame, and the reason before the first colon."""
    if closed.rcvd is None:
        return Refused(CUT_OFF, str(closed))
    reason, _, detail = closed.rcvd.reason.partition(": ")
    return Refused(reason, detail, code=str(closed.rcvd.code))


class WsClient:
    """See `client.Client`."""

    def __init__(self, address: str) -> None:
        try:
            self.socket: ClientConnection = connect(
                f"ws://{address}/", subprotocols=[SUBPROTOCOL], compression=None, max_size=ANSWER_BYTES_MAX
            )
        except (OSError, EOFError, InvalidMessage) as error:
            raise Refused(CUT_OFF, str(error)) from None
        if self.socket.subprotocol != SUBPROTOCOL:
            raise Refused("no_subprotocol", str(self.socket.subprotocol))
        self._ids = itertools.count(1)

    def send(self, frame: pb.ClientFrame) -> None:
        """Sends a frame."""
        try:
            self.socket.send(frame.SerializeToString())
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    def next(self) -> pb.ServerFrame:
        """The next frame."""
        try:
            data = self.socket.recv(timeout=PATIENCE_S)
        except ConnectionClosed as closed:
            raise _ended(closed) from None
        if isinstance(data, str):
            raise Refused("text_frame", "every frame is binary")
        return pb.ServerFrame.FromString(data)

    def _answer(self, frame: pb.ClientFrame, field: str) -> pb.ServerFrame:
        self.send(frame)
        return self._expect(frame.id, field)

    def _expect(self, identifier: int, field: str) -> pb.ServerFrame:
        """The next frame, which answers under this id with this field or an error."""
        frame = self.next()
        if frame.id != identifier:
            raise Refused("other_id", f"{frame.id} where {identifier} was expected")
        present = [descriptor.name for descriptor, _ in frame.ListFields() if descriptor.name != "id"]
        if present == ["error"]:
            raise Refused(frame.error.reason, frame.error.detail, code="answer")
        if present != [field]:
            raise Refused("other_answer", f"{present} where {field} was expected")
        return frame

    def node_info(self) -> pb.NodeInfoResponse:
        """Who the node is."""
        asked = pb.NodeInfoRequest(challenge=os.urandom(CHALLENGE_BYTES))
        frame = pb.ClientFrame(id=next(self._ids), node_info=asked)
        return check_node(self._answer(frame, "node_info").node_info, asked.challenge)

    def submit(self, transactions: Sequence[bytes]) -> list[pb.Ack]:
        """Submits transactions in one batch; every acknowledgement, as they come."""
        self.send(pb.ClientFrame(submit=batch(transactions)))
        acks: list[pb.Ack] = []
        while sum(map(is_final, acks)) < len(transactions):
            acks.extend(self._expect(0, "acks").acks.acks)
        return acks

    def read(self, query: str, transaction: bytes) -> Answer:
        """The answer to a request, by the name of its query."""
        frame = pb.ClientFrame(id=next(self._ids), read=pb.ReadRequest(transaction=transaction))
        answer: Answer = getattr(self._answer(frame, query), query)
        return answer

    def subscribe(self, transaction: bytes) -> Iterator[pb.EventBatch]:
        """Events as they come."""
        identifier = next(self._ids)
        self.send(pb.ClientFrame(id=identifier, subscribe=pb.ReadRequest(transaction=transaction)))
        while True:
            yield self._expect(identifier, "events").events

    def cut(self) -> None:
        """Drops the connection without a word: no close frame."""
        # It may have ended already.
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
