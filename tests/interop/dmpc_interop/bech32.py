"""Bech32 as BIP 173 has it (not bech32m), over whole bytes."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import Refused

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6


def _polymod(values: Iterable[int]) -> int:
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                state ^= generator
    return state


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _regroup(values: Iterable[int], width: int, new_width: int) -> tuple[list[int], int, int]:
    """The same bits in groups of another width; with them what is left over, and how many bits that are."""
    groups, rest, bits = [], 0, 0
    for value in values:
        rest, bits = rest << width | value, bits + width
        while bits >= new_width:
            bits -= new_width
            groups.append(rest >> bits)
            rest &= (1 << bits) - 1
    return groups, rest, bits


def encode(prefix: str, data: bytes) -> str:
    """The text of `data` in lower case."""
    values, rest, bits = _regroup(data, 8, 5)
    if bits:
        values.append(rest << 5 - bits)
    checksum = _polymod([*_expanded(prefix), *values, *[0] * _CHECKSUM_LETTERS]) ^ 1
    values += [checksum >> 5 * place & 31 for place in reversed(range(_CHECKSUM_LETTERS))]
    return f"{prefix}1{''.join(_LETTERS[value] for value in values)}"


def decode(prefix: str, text: str) -> bytes:
    """The bytes of a text with this prefix, in lower or in upper case."""
    if text not in (text.lower(), text.upper()):
        raise Refused("bad_text", "upper and lower case are mixed")
    found, separator, letters = text.lower().rpartition("1")
    if not separator or found != prefix:
        raise Refused("bad_text", f"the prefix is {found!r} and not {prefix!r}")
    if any(letter not in _LETTERS for letter in letters):
        raise Refused("bad_text", "a letter that bech32 does not have")
    values = [_LETTERS.index(letter) for letter in letters]
    if len(values) < _CHECKSUM_LETTERS or _polymod([*_expanded(prefix), *values]) != 1:
        raise Refused("bad_text", "the checksum is wrong")
    data, rest, bits = _regroup(values[:-_CHECKSUM_LETTERS], 5, 8)
    if bits >= 5 or rest:
        raise Refused("bad_text", "bits that stand for no byte are set")
    return bytes(data)
