"""Keys: ed25519 to sign, X25519 to be sealed to. Section Keys and signatures."""

from __future__ import annotations

import os

import nacl.bindings
import nacl.exceptions
import nacl.signing

from . import ids
from .domains import Domain, derive
from .ed25519 import P, verify_zip215
from .errors import Refused


def _little(number: int) -> bytes:
    return number.to_bytes(32, "little")


# Both forms of 0 and of 1, and p - 1.
_SMALL = {_little(number) for number in (0, 1, P - 1, P, P + 1)}
# Encodings of the points of order 1, 2, 4 and 8, without the sign.
SMALL_ORDER_SIGNING = frozenset(_SMALL) | {
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}
SMALL_ORDER_ENCRYPTION = frozenset(_SMALL) | {
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
}


def _without_top_bit(key: bytes) -> bytes:
    return key[:31] + bytes([key[31] & 0x7F])


def check_signing_key(key: bytes) -> None:
    """Refuses a signing key of small order."""
    if _without_top_bit(key) in SMALL_ORDER_SIGNING:
        raise Refused("small_order_signing_key")


def check_encryption_key(key: bytes) -> None:
    """Refuses an encryption key of small order."""
    if _without_top_bit(key) in SMALL_ORDER_ENCRYPTION:
        raise Refused("small_order_encryption_key")


def verify(key: bytes, domain: Domain, message: bytes, signature: bytes) -> None:
    """Refuses a signature that is not of `message` in `domain`, by ZIP 215."""
    digest = derive(domain, message)
    try:
        nacl.signing.VerifyKey(key).verify(digest, signature)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.RuntimeError):
        if not verify_zip215(key, digest, signature):
            raise Refused("bad_signature", domain.context) from None


class SigningKey:
    """A secret ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        self._key = nacl.signing.SigningKey(seed)

    @staticmethod
    def generate() -> SigningKey:
        """A new one."""
        return SigningKey(os.urandom(32))

    @property
    def public(self) -> bytes:
        """Its verification key, 32 bytes."""
        return bytes(self._key.verify_key)

    def sign(self, domain: Domain, message: bytes) -> bytes:
        """A signature of `message` in `domain`, 64 bytes."""
        return self._key.sign(derive(domain, message)).signature

    def countersign(self, user: bytes) -> bytes:
        """The proof that who introduces this key for `user` holds it."""
        return self.sign(Domain.SIGN_COUNTERSIGNATURE, user + self.public)

    def to_text(self) -> str:
        """The secret, as it stands in identity files."""
        return ids.write(ids.Name.SECRET_SIGNING_KEY, bytes(self._key))


class DecryptionKey:
    """A secret X25519 key."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @staticmethod
    def generate() -> DecryptionKey:
        """A new one."""
        return DecryptionKey(os.urandom(32))

    @property
    def public(self) -> bytes:
        """Its public key, 32 bytes."""
        return nacl.bindings.crypto_scalarmult_base(self._secret)

    def to_text(self) -> str:
        """The secret, as age and identity files write it."""
        return ids.write(ids.Name.SECRET_ENCRYPTION_KEY, self._secret)
