"""Ed25519 by ZIP 215, in plain integers: the cofactored equation, with lenient encodings of points.

libsodium is stricter. What it accepts, ZIP 215 accepts too; so this is asked only about what libsodium refuses, and
may be slow. Nothing secret passes through here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
_ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


@dataclass(frozen=True)
class Point:
    """A point of the curve in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z."""

    x: int
    y: int
    z: int
    t: int

    def __add__(self, other: Point) -> Point:
        a = (self.y - self.x) * (other.y - other.x) % P
        b = (self.y + self.x) * (other.y + other.x) % P
        c = 2 * self.t * other.t * D % P
        d = 2 * self.z * other.z % P
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def __neg__(self) -> Point:
        return Point(-self.x % P, self.y, self.z, -self.t % P)

    def times(self, factor: int) -> Point:
        """This point, added up so many times."""
        total, power = IDENTITY, self
        while factor:
            if factor & 1:
                total += power
            power += power
            factor >>= 1
        return total

    def is_identity(self) -> bool:
        """Whether this is the neutral element."""
        return self.x % P == 0 and (self.y - self.z) % P == 0


IDENTITY = Point(0, 1, 1, 0)


def _root(square: int) -> int | None:
    """A square root modulo p, if there is one."""
    candidate = pow(square, (P + 3) // 8, P)
    for root in (candidate, candidate * _ROOT_OF_MINUS_ONE % P):
        if root * root % P == square % P:
            return root
    return None


def decompress(data: bytes) -> Point | None:
    """The point that 32 bytes stand for; y is reduced, and a sign is allowed at x = 0, as ZIP 215 has it."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    x = _root((y * y - 1) * pow(D * y * y + 1, -1, P))
    if x is None:
        return None
    if x & 1 != sign:
        x = -x % P
    return Point(x, y % P, 1, x * y % P)


_BASE_Y = 4 * pow(5, -1, P) % P
_base = decompress(_BASE_Y.to_bytes(32, "little"))
assert _base is not None
BASE = _base


def verify_zip215(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `[8][S]B = [8]R + [8][k]A`, with S below the order of the group."""
    point, commitment = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return (BASE.times(scalar) + -commitment + -point.times(challenge)).times(8).is_identity()
