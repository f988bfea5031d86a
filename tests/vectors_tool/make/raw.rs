//! Protobuf bytes written by hand, so that they can be wrong.

/// Wire types of protobuf.
pub(crate) const VARINT: u64 = 0;
pub(crate) const FIXED64: u64 = 1;
pub(crate) const LENGTH_DELIMITED: u64 = 2;

/// The shortest encoding of a number.
pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The same number in one byte more than it needs.
pub(crate) fn padded(value: u64) -> Vec<u8> {
    let mut bytes = varint(value);
    if let Some(last) = bytes.last_mut() {
        *last |= 0x80;
    }
    bytes.push(0);
    bytes
}

/// What stands before a field's value.
pub(crate) fn tag(number: u32, wire_type: u64) -> Vec<u8> {
    varint(u64::from(number) << 3 | wire_type)
}

/// A field with a number.
pub(crate) fn number(field: u32, value: u64) -> Vec<u8> {
    [tag(field, VARINT), varint(value)].concat()
}

/// A field of eight bytes.
pub(crate) fn fixed64(field: u32, value: u64) -> Vec<u8> {
    [tag(field, FIXED64), value.to_le_bytes().to_vec()].concat()
}

/// A field with bytes, text or a message.
pub(crate) fn bytes(field: u32, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    [tag(field, LENGTH_DELIMITED), varint(value.len() as u64), value.to_vec()].concat()
}
