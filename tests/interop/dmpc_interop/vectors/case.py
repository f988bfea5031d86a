"""A case of a file of vectors, and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dmpc_interop.errors import CLASSES, Refused
from dmpc_interop.identity import Identity
from dmpc_interop.keys import DecryptionKey, SigningKey


class Case:
    """Inputs, what stands in between, and what comes out. Every value that is asked for is noted."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.name: str = found["name"]
        self.inputs: dict[str, Any] = found["inputs"]
        self.values: dict[str, Any] = found.get("values", {})
        self.expected: dict[str, Any] = found["expected"]

    def data(self, name: str) -> bytes:
        """Bytes of the inputs."""
        return data(self.inputs[name])

    def person(self, name: str) -> Identity:
        """A person of the inputs."""
        return person(self.inputs[name])

    def number(self, name: str) -> int:
        """A timestamp of the inputs."""
        return int.from_bytes(self.data(name), "big")

    @property
    def accepted(self) -> bool:
        """Whether the result is to be `accepted`."""
        return bool(self.expected["result"] == "accepted")

    def value_is(self, name: str, found: bytes) -> None:
        """Compares with a value that stands in between."""
        same(f"value {name}", found, data(self.values[name]))

    def expect(self, **found: bytes | str | int | bool | None) -> None:
        """Compares with what is expected; all of it must be given, and what is None must be absent."""
        wanted = {name: value for name, value in self.expected.items() if name not in ("result", "class", "reason")}
        given = {name: _plain(value) for name, value in found.items() if value is not None}
        same("expected", given, wanted)

    def run(self, action: Callable[[], Any]) -> Any:
        """Does what an accepted case gives; checks that a refused one is refused as it should be."""
        if self.accepted:
            return action()
        refused_as(self.expected, action)
        return None


def refused_as(expected: dict[str, Any], action: Callable[[], object]) -> None:
    """Checks class and reason of a refusal, if they are given."""
    try:
        action()
    except Refused as refused:
        if "reason" in expected:
            same("reason", refused.reason, expected["reason"])
            same("class", CLASSES.get(refused.reason), expected["class"])
        return
    raise AssertionError("it was accepted")


def same(what: str, found: object, wanted: object) -> None:
    """Fails unless both are equal."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} where {wanted!r} was expected")


def data(value: Any) -> bytes:
    """Bytes as files have them."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) * int(value["times"])
    return bytes.fromhex(value)


def person(value: dict[str, str]) -> Identity:
    """A person as files have them."""
    return Identity(
        bytes.fromhex(value["user"]),
        SigningKey(bytes.fromhex(value["signing_seed"])),
        DecryptionKey(bytes.fromhex(value["encryption_secret"])),
    )


def _plain(value: bytes | str | int | bool) -> object:
    return value.hex() if isinstance(value, bytes) else value
