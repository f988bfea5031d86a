"""What scenarios share: their arguments, their people, and the register of their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from dmpc_interop import ids
from dmpc_interop.errors import Refused
from dmpc_interop.identity import Identity
from dmpc_interop.ids import Name
from dmpc_interop.person import Addresses, Person, connect

Arguments = dict[str, Any]
Result = dict[str, Any]
Scenario = Callable[[Arguments], Result]

T = TypeVar("T")

SCENARIOS: dict[str, Scenario] = {}
VIAS = ("grpc", "ws")


def scenario(function: Scenario) -> Scenario:
    """Registers a scenario under the name of its function."""
    SCENARIOS[function.__name__] = function
    return function


def expect(what: str, found: T, wanted: T) -> T:
    """Fails unless both are equal."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} where {wanted!r} was expected")
    return found


def expect_refused(what: str, reasons: tuple[str, ...] | str, action: Callable[[], object]) -> Refused:
    """Fails unless the action is refused for this reason, or one of these."""
    wanted = (reasons,) if isinstance(reasons, str) else reasons
    try:
        action()
    except Refused as refused:
        if refused.reason not in wanted:
            raise AssertionError(f"{what}: {refused} where {wanted} was expected") from refused
        return refused
    raise AssertionError(f"{what}: done where {wanted} was expected")


def addresses(arguments: Arguments) -> Addresses:
    """Where the node listens."""
    return Addresses(arguments["grpc"], arguments["ws"])


def person(arguments: Arguments, identity: str | Identity, via: str | None = None) -> Person:
    """Somebody at the node; an identity by its file."""
    if isinstance(identity, str):
        identity = Identity.load(Path(identity))
    return Person(identity, connect(addresses(arguments), via or arguments["via"]))


def user_text(user: bytes) -> str:
    """A user id as text."""
    return ids.write(Name.USER, user)


def user_bytes(text: str) -> bytes:
    """A user id."""
    return ids.read(Name.USER, text)


def channel_text(channel: bytes) -> str:
    """A channel id as text."""
    return ids.write(Name.CHANNEL, channel)


def channel_bytes(text: str) -> bytes:
    """A channel id."""
    return ids.read(Name.CHANNEL, text)
