"""A list of requests, and what a front end says to each."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmpc.v1 import node_pb2 as pb

from dmpc_interop.client import BATCH_ITEMS_MAX, Client, is_final
from dmpc_interop.errors import Refused
from dmpc_interop.person import connect
from dmpc_interop.scenarios.stage import Arguments, Result, addresses, scenario


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()


def _ticket(acks: list[pb.Ack]) -> str:
    """State and reason of a transaction's end, and outcome and reason of each operation."""
    (ack,) = (one for one in acks if is_final(one))
    state = _word(pb.TicketState.Name(ack.state), "TICKET_STATE_")
    outcomes = [
        f"{_word(pb.OutcomeKind.Name(one.kind), 'OUTCOME_KIND_')} {one.reason}".rstrip() for one in ack.outcomes
    ]
    head = f"{state} {ack.error.reason}".rstrip()
    return f"{head}: {', '.join(outcomes)}".rstrip()


def _said(connect_again: Callable[[], Client], client: Client, call: str, transaction: bytes) -> list[str]:
    try:
        if call == "submit":
            return [_ticket(client.submit([transaction])), ""]
        if call == "subscribe":
            with connect_again() as listener:
                next(iter(listener.subscribe(transaction)))
        else:
            client.read(call, transaction)
    except Refused as refused:
        return [f"refused {refused.reason}", refused.code]
    return ["given", ""]


@scenario
def requests(arguments: Arguments) -> Result:
    """What is said to each of a list, by its name: an answer in words, and the code. Needs file."""
    cases: list[dict[str, Any]] = json.loads(Path(arguments["file"]).read_text(encoding="utf-8"))

    def connect_again() -> Client:
        return connect(addresses(arguments), arguments["via"])

    with connect_again() as client:
        return {
            case["name"]: _said(connect_again, client, case["call"], base64.b64decode(case["transaction"]))
            for case in cases
        }


@scenario
def large_batch(arguments: Arguments) -> Any:
    """Why a connection ends over which a batch with too many items is sent."""
    with connect(addresses(arguments), arguments["via"]) as client:
        try:
            client.submit([b"transaction"] * (BATCH_ITEMS_MAX + 1))
        except Refused as refused:
            return [refused.reason, refused.code]
    return ["taken", ""]
