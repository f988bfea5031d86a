"""Proofs of equivocation: two operations at one place of one lane, as a text. Section Operation, Lanes."""

from __future__ import annotations

import base64
import binascii
import textwrap
from dataclasses import dataclass

from . import ids
from .errors import Refused
from .ids import Name
from .lanes import link_of
from .operation import Operation

_HEAD = "dmpc equivocation 1"
_LINE = 64


@dataclass(frozen=True)
class Equivocation:
    """Two operations that one key signed for one place. Both are verified, and stand in the order of their ids."""

    one: Operation
    other: Operation

    @staticmethod
    def of(first: bytes, second: bytes) -> Equivocation:
        """The proof that two encoded operations are, if they are one."""
        one, other = Operation.decode(first), Operation.decode(second)
        for made in (one, other):
            made.verify()
        if one.id == other.id:
            raise Refused("same_operation")
        if one.certifier != other.certifier:
            raise Refused("other_user")
        if one.certifier_key != other.certifier_key:
            raise Refused("other_key")
        if _place(one) != _place(other):
            raise Refused("other_place")
        return Equivocation(*sorted((one, other), key=lambda made: made.id))

    def to_text(self) -> str:
        """The proof as a text for anybody."""
        lane, seq = _place(self.one)
        lines = [
            _HEAD,
            f"user {ids.write(Name.USER, self.one.certifier)}",
            f"key {ids.write(Name.SIGNING_KEY, self.one.certifier_key)}",
            f"lane {ids.write(Name.LANE, lane)}",
            f"seq {seq}",
        ]
        for made in (self.one, self.other):
            lines.append(f"operation {ids.write(Name.OPERATION, made.id)}")
            lines += textwrap.wrap(base64.b64encode(made.data).decode(), _LINE)
        return "".join(f"{line}\n" for line in lines)

    @staticmethod
    def from_text(text: str) -> Equivocation:
        """Reads a proof and checks it. Only the operations count; the text must be the one that they have."""
        head, *lines = text.splitlines() or [""]
        if head != _HEAD:
            raise Refused("not_an_equivocation")
        encoded: list[str] = []
        for line in lines:
            if line.startswith("operation "):
                encoded.append("")
            elif encoded:
                encoded[-1] += line
        if len(encoded) != 2:
            raise Refused("not_two_operations")
        try:
            first, second = (base64.b64decode(one, validate=True) for one in encoded)
        except binascii.Error:
            raise Refused("not_two_operations") from None
        found = Equivocation.of(first, second)
        if found.to_text() != text:
            raise Refused("other_text")
        return found


def _place(made: Operation) -> tuple[bytes, int]:
    link = link_of(made)
    return link.lane, link.seq
