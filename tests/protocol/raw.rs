//! Protobuf bytes written by hand, so that they can be wrong in every way.

/// Wire types of protobuf.
pub(super) const VARINT: u64 = 0;
pub(super) const FIXED64: u64 = 1;
pub(super) const LENGTH_DELIMITED: u64 = 2;

/// The one encoding of a number.
pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The same number in one byte more than it needs.
pub(super) fn padded_varint(value: u64) -> Vec<u8> {
    let mut bytes = varint(value);
    *bytes.last_mut().unwrap() |= 0x80;
    bytes.push(0);
    bytes
}

/// What stands before a field's value.
pub(super) fn tag(number: u32, wire_type: u64) -> Vec<u8> {
    varint(u64::from(number) << 3 | wire_type)
}

/// A field with a number.
pub(super) fn number(field: u32, value: u64) -> Vec<u8> {
    [tag(field, VARINT), varint(value)].concat()
}

/// A field of eight bytes.
pub(super) fn fixed64(field: u32, value: u64) -> Vec<u8> {
    [tag(field, FIXED64), value.to_le_bytes().to_vec()].concat()
}

/// A field with bytes, text, or a message.
pub(super) fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
    [tag(field, LENGTH_DELIMITED), varint(u64::try_from(value.len()).unwrap()), value.to_vec()].concat()
}
