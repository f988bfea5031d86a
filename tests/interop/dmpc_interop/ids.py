"""Ids and keys as text. Section Keys and signatures."""

from __future__ import annotations

from enum import Enum

from . import bech32
from .errors import Refused


class Name(Enum):
    """What a text names: its prefix, and how many bytes it holds."""

    USER = ("dmpc", 32)
    CHANNEL = ("dmpcchannel", 32)
    NODE = ("dmpcnode", 32)
    OPERATION = ("dmpcop", 32)
    ISSUE = ("dmpcissue", 32)
    KEY_ID = ("dmpckey", 32)
    LANE = ("dmpclane", 16)
    ENCRYPTION_KEY = ("age", 32)
    SIGNING_KEY = ("dmpcsign", 32)
    SECRET_SIGNING_KEY = ("dmpc-signing-key-", 32)
    SECRET_ENCRYPTION_KEY = ("age-secret-key-", 32)

    @property
    def prefix(self) -> str:
        """What stands before the `1`."""
        return self.value[0]

    @property
    def size(self) -> int:
        """The number of bytes that it names."""
        return self.value[1]


_UPPER = (Name.SECRET_SIGNING_KEY, Name.SECRET_ENCRYPTION_KEY)


def write(name: Name, data: bytes) -> str:
    """The text of an id or a key."""
    if len(data) != name.size:
        raise Refused("wrong_length", f"{name.prefix} names {name.size} bytes and not {len(data)}")
    text = bech32.encode(name.prefix, data)
    return text.upper() if name in _UPPER else text


def read(name: Name, text: str) -> bytes:
    """The bytes of an id or a key."""
    if name is Name.SIGNING_KEY:
        raise Refused("bad_text", "signing keys are written and never read")
    data = bech32.decode(name.prefix, text)
    if len(data) != name.size:
        raise Refused("wrong_length", f"{name.prefix} names {name.size} bytes and not {len(data)}")
    return data
