"""Who somebody is: a user id and two secret keys, and the file that holds them. Section Keys and signatures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from . import ids
from .domains import user_id
from .errors import Refused
from .keys import DecryptionKey, SigningKey


@dataclass(frozen=True)
class Identity:
    """A user's id, which stays, and its present keys; encryption keys of before, oldest first, open old wraps."""

    user: bytes
    signing: SigningKey
    encryption: DecryptionKey
    former: tuple[DecryptionKey, ...] = ()

    @staticmethod
    def generate() -> Identity:
        """Somebody new."""
        return Identity.of(SigningKey.generate(), DecryptionKey.generate())

    @staticmethod
    def of(signing: SigningKey, encryption: DecryptionKey) -> Identity:
        """Who has these keys from the beginning."""
        return Identity(user_id(signing.public, encryption.public), signing, encryption)

    def rotated(self) -> Identity:
        """The same user with two new keys, and without those of before."""
        return Identity(self.user, SigningKey.generate(), DecryptionKey.generate())

    def to_text(self) -> str:
        """The text of an identity file."""
        return (
            f"user: {ids.write(ids.Name.USER, self.user)}\n"
            f"signing: {self.signing.to_text()}\n"
            f"encryption: {self.encryption.to_text()}\n"
            + "".join(f"former: {key.to_text()}\n" for key in self.former)
        )

    @staticmethod
    def from_text(text: str) -> Identity:
        """What an identity file says."""
        found: dict[str, str] = {}
        former: list[DecryptionKey] = []
        for line in map(str.strip, text.splitlines()):
            if not line or line.startswith("#"):
                continue
            name, separator, value = line.partition(":")
            if separator and name == "former" and len(former) < 64:
                former.append(DecryptionKey(ids.read(ids.Name.SECRET_ENCRYPTION_KEY, value.strip())))
                continue
            if not separator or name not in ("user", "signing", "encryption") or name in found:
                raise Refused("bad_identity", "a line that is not known, or stands twice")
            found[name] = value.strip()
        if len(found) != 3:
            raise Refused("bad_identity", "a line is missing")
        return Identity(
            ids.read(ids.Name.USER, found["user"]),
            SigningKey(ids.read(ids.Name.SECRET_SIGNING_KEY, found["signing"])),
            DecryptionKey(ids.read(ids.Name.SECRET_ENCRYPTION_KEY, found["encryption"])),
            tuple(former),
        )

    def save(self, path: Path) -> None:
        """Writes a new file that nobody else may read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.to_text())

    @staticmethod
    def load(path: Path) -> Identity:
        """Reads a file."""
        return Identity.from_text(path.read_text(encoding="utf-8"))
