"""Protobuf with one encoding for one content. Section Bytes.

Generated code encodes and reads values; the scanner here decides whether bytes are the one encoding that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from .errors import Refused
from .schemas import Field, Schema, Type

M = TypeVar("M", bound=Message)

_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_VARINT_BYTES_MAX = 10
_WIRE_TYPES = {
    Type.UINT32: _VARINT,
    Type.UINT64: _VARINT,
    Type.BOOL: _VARINT,
    Type.ENUM: _VARINT,
    Type.FIXED64: _FIXED64,
    Type.BYTES: _LENGTH,
    Type.TEXT: _LENGTH,
    Type.MESSAGE: _LENGTH,
}
_NUMBER_MAX = {Type.UINT32: 2**32 - 1, Type.UINT64: 2**64 - 1, Type.BOOL: 1, Type.ENUM: 2**31 - 1}


class _Reader:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        if count > len(self._data) - self._at:
            raise Refused("truncated", f"{count} bytes wanted at {self._at}")
        self._at += count
        return self._data[self._at - count : self._at]

    def varint(self) -> int:
        """The next varint, which has no more bytes than it needs."""
        value = 0
        for place in range(_VARINT_BYTES_MAX):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                if value >> 64 or (place and not byte):
                    raise Refused("non_minimal_varint", f"at {self._at}")
                return value
        raise Refused("non_minimal_varint", "over 64 bits")


def scan(schema: Schema, data: bytes) -> None:
    """Refuses bytes that are not the canonical encoding of a message."""
    if len(data) > schema.most:
        raise Refused("too_long", f"{schema.name} has {len(data)} bytes, at most {schema.most} are allowed")
    counts: dict[int, int] = {}
    for number, field, reader in _fields(schema, data):
        counts[number] = counts.get(number, 0) + 1
        if field.repeated is None and counts[number] > 1:
            raise Refused("repeated_field", f"{schema.name}.{field.name}")
        if field.repeated is not None and counts[number] > field.repeated:
            raise Refused("too_many", f"{schema.name}.{field.name}")
        _scan_value(f"{schema.name}.{field.name}", field, reader)


def check_present(schema: Schema, message: Message) -> None:
    """Refuses a message that lacks a field which it must have, or whose nested messages do."""
    for field in schema.fields.values():
        if field.reserved:
            continue
        value = getattr(message, field.name)
        if field.absent and not (message.HasField(field.name) if field.type is Type.MESSAGE else value):
            raise Refused(field.absent, f"{schema.name}.{field.name} is absent")
        if field.message is not None:
            present = [value] if field.repeated is None and message.HasField(field.name) else []
            for nested in present if field.repeated is None else value:
                check_present(field.message, nested)


def _fields(schema: Schema, data: bytes) -> Iterator[tuple[int, Field, _Reader]]:
    """The fields as they come; whoever takes one reads its value before the next."""
    reader, last = _Reader(data), 0
    while reader:
        tag = reader.varint()
        number, wire_type = tag >> 3, tag & 7
        field = schema.fields.get(number)
        if field is None:
            raise Refused("unknown_field", f"{schema.name} has no field {number}")
        if field.reserved:
            raise Refused("reserved_field", f"{schema.name}.{field.name}")
        if number < last:
            raise Refused("misordered_field", f"{schema.name}.{field.name}")
        last = number
        if wire_type != _WIRE_TYPES[field.type]:
            raise Refused("wrong_wire_type", f"{schema.name}.{field.name}")
        yield number, field, reader


def _scan_value(place: str, field: Field, reader: _Reader) -> None:
    if field.type is Type.FIXED64:
        default = not any(reader.take(8))
    elif field.type in _NUMBER_MAX:
        value = reader.varint()
        if value > _NUMBER_MAX[field.type]:
            raise Refused("value_too_large", place)
        default = not value
    else:
        default = _scan_bytes(place, field, reader.take(reader.varint()))
    if default and not field.explicit:
        raise Refused("default_written", place)


def _scan_bytes(place: str, field: Field, value: bytes) -> bool:
    """Whether the value is a default that may not be written."""
    if field.type is Type.MESSAGE:
        assert field.message is not None
        scan(field.message, value)
        return False
    if not value and field.repeated is None and not field.size:
        return True
    if field.size not in (0, len(value)):
        raise Refused("wrong_length", f"{place} has {len(value)} bytes, {field.size} are wanted")
    if len(value) > field.most:
        raise Refused("too_long", f"{place} has {len(value)} bytes, at most {field.most} are allowed")
    if field.type is Type.TEXT:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("not_utf8", f"{place}: {error.reason}") from None
    return False


def decode(schema: Schema, kind: type[M], data: bytes) -> M:
    """The message that canonical bytes hold, whatever it lacks."""
    scan(schema, data)
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise Refused("undecodable", f"{schema.name}: {error}") from None


def read(schema: Schema, kind: type[M], data: bytes) -> M:
    """The message that canonical bytes hold, with everything that it must have."""
    message = decode(schema, kind, data)
    check_present(schema, message)
    return message


def encode(schema: Schema, message: Message) -> bytes:
    """The canonical bytes of a message. Whatever breaks a rule of its table is refused here already."""
    data = message.SerializeToString(deterministic=True)
    scan(schema, data)
    return data
