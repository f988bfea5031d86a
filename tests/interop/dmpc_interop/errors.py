"""Failures, named by the stable reasons of docs/PROTOCOL.md, section Errors."""

from __future__ import annotations


class Refused(Exception):
    """Something is not as the protocol wants it.

    `reason` is a stable word. `code` says how a node told it, when one did: the name of a gRPC status such as
    `UNAUTHENTICATED`, the number of a close frame such as `4401`, or `answer` for an error inside an answer.
    `error_class` is the class of the error, where the front end says it.
    """

    def __init__(self, reason: str, detail: str = "", *, code: str = "", error_class: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.code = code
        self.error_class = error_class
