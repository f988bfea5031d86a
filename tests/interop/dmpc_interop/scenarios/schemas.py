"""The tables of the document beside the generated code: names, numbers and types of every field."""

from __future__ import annotations

from dmpc.v1 import operation_pb2, transaction_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from dmpc_interop import ed25519, keys
from dmpc_interop.scenarios.stage import Arguments, Result, expect, scenario
from dmpc_interop.schemas import BY_NAME, Field, Type

_TYPES = {
    Type.UINT32: FieldDescriptor.TYPE_UINT32,
    Type.UINT64: FieldDescriptor.TYPE_UINT64,
    Type.BOOL: FieldDescriptor.TYPE_BOOL,
    Type.ENUM: FieldDescriptor.TYPE_ENUM,
    Type.FIXED64: FieldDescriptor.TYPE_FIXED64,
    Type.BYTES: FieldDescriptor.TYPE_BYTES,
    Type.TEXT: FieldDescriptor.TYPE_STRING,
    Type.MESSAGE: FieldDescriptor.TYPE_MESSAGE,
}


def _said(field: Field) -> tuple[str, int, bool, bool, str]:
    explicit = field.explicit or (field.type is Type.MESSAGE and field.repeated is None)
    message = field.message.name if field.message else ""
    return field.name, _TYPES[field.type], field.repeated is not None, explicit, message


def _generated(field: FieldDescriptor) -> tuple[str, int, bool, bool, str]:
    message = field.message_type.name if field.message_type else ""
    return field.name, field.type, field.is_repeated, field.has_presence, message


@scenario
def schemas(_arguments: Arguments) -> Result:
    """Every message that is decoded strictly has a table, and every table is of a message."""
    generated: dict[str, Descriptor] = {
        **operation_pb2.DESCRIPTOR.message_types_by_name,
        **transaction_pb2.DESCRIPTOR.message_types_by_name,
    }
    expect("messages", sorted(BY_NAME), sorted(generated))
    fields = 0
    for name, schema in BY_NAME.items():
        found = {number: _said(field) for number, field in schema.fields.items()}
        expect(name, found, {field.number: _generated(field) for field in generated[name].fields})
        fields += len(found)
    return {"messages": len(BY_NAME), "fields": fields}


@scenario
def small_order(_arguments: Arguments) -> Result:
    """The table of signing keys of small order has every encoding of every point whose order divides 8."""
    points = 0
    for encoding in keys.SMALL_ORDER_SIGNING:
        for sign in (0, 0x80):
            point = ed25519.decompress(encoding[:31] + bytes([encoding[31] | sign]))
            assert point is not None
            expect(encoding.hex(), point.times(8).is_identity(), True)
            points += 1
    distinct = {int.from_bytes(encoding, "little") % ed25519.P for encoding in keys.SMALL_ORDER_SIGNING}
    expect("values of y", len(distinct), 5)
    return {"encodings": points}
