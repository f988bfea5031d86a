//! The scanner: a walk over the bytes that accepts exactly one encoding of each content.

use super::{
    schema::{Field, Presence, Schema, Shape},
    schemas::RESERVED,
};
use crate::error::{Classified, ErrorClass};

/// Where and why bytes are not the one encoding of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: field {field} at byte {offset}: {fault}")]
pub struct WireError {
    /// The message.
    pub message: &'static str,
    /// The field's number; 0 where it could not be read.
    pub field: u32,
    /// Offset within the message, in bytes.
    pub offset: usize,
    /// What is wrong.
    pub fault: WireFault,
}

/// What is wrong with an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// The message has no such field.
    #[error("the message has no such field")]
    UnknownField,
    /// The field is kept for a later ruleset.
    #[error("the field is reserved for a later ruleset")]
    Reserved,
    /// The field stands more than once.
    #[error("the field stands more than once")]
    Repeated,
    /// The field stands after one with a higher number.
    #[error("the field stands after one with a higher number")]
    Misordered,
    /// A varint with more bytes than it needs.
    #[error("a varint has more bytes than it needs")]
    NonMinimal,
    /// A default value written out.
    #[error("a default value is written out")]
    DefaultWritten,
    /// The field has another wire type.
    #[error("the field has another wire type")]
    WireType,
    /// The bytes end inside the field.
    #[error("the bytes end inside the field")]
    Truncated,
    /// A value over the field's limit.
    #[error("the value is over the limit of {0}")]
    TooLarge(u64),
    /// Another length than the field has.
    #[error("the field has {1} bytes instead of {0}")]
    WrongLength(usize, usize),
    /// More bytes than the field may have.
    #[error("the field has more than {0} bytes")]
    TooLong(usize),
    /// The field stands too many times.
    #[error("the field stands more than {0} times")]
    TooMany(usize),
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A required field is absent.
    #[error("the field is missing")]
    Missing,
    /// A value that the field may not have.
    #[error("the value is none that the field may have")]
    BadValue,
    /// prost refuses what the scanner let pass: a schema disagrees with its `.proto`.
    #[error("the bytes cannot be decoded")]
    Undecodable,
}

impl WireError {
    /// A fault of a field that is known by its number alone.
    pub(crate) fn field(message: &'static str, field: u32, fault: WireFault) -> Self {
        Self { message, field, offset: 0, fault }
    }
}

impl Classified for WireError {
    fn class(&self) -> ErrorClass {
        match self.fault {
            WireFault::TooLong(_) | WireFault::TooMany(_) => ErrorClass::TooLarge,
            WireFault::UnknownField
            | WireFault::Reserved
            | WireFault::Repeated
            | WireFault::Misordered
            | WireFault::NonMinimal
            | WireFault::DefaultWritten
            | WireFault::WireType
            | WireFault::Truncated
            | WireFault::TooLarge(_)
            | WireFault::WrongLength(..)
            | WireFault::NotUtf8
            | WireFault::Missing
            | WireFault::BadValue
            | WireFault::Undecodable => ErrorClass::Malformed,
        }
    }

    fn reason(&self) -> &'static str {
        match self.fault {
            WireFault::UnknownField => "unknown_field",
            WireFault::Reserved => "reserved_field",
            WireFault::Repeated => "repeated_field",
            WireFault::Misordered => "misordered_field",
            WireFault::NonMinimal => "non_minimal_varint",
            WireFault::DefaultWritten => "default_written",
            WireFault::WireType => "wrong_wire_type",
            WireFault::Truncated => "truncated",
            WireFault::TooLarge(_) => "value_too_large",
            WireFault::WrongLength(..) => "wrong_length",
            WireFault::TooLong(_) => "too_long",
            WireFault::TooMany(_) => "too_many",
            WireFault::NotUtf8 => "not_utf8",
            WireFault::Missing => "missing_field",
            WireFault::BadValue => "bad_value",
            WireFault::Undecodable => "undecodable",
        }
    }
}

/// Wire types of protobuf that the protocol uses.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

struct Reader<'a> {
    message: &'static str,
    bytes: &'a [u8],
    offset: usize,
    field: u32,
}

impl<'a> Reader<'a> {
    fn fault(&self, fault: WireFault) -> WireError {
        WireError { message: self.message, field: self.field, offset: self.offset, fault }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(|| self.fault(WireFault::Truncated))?;
        self.offset += count;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        // Nearly all have one byte.
        if let Some(byte) = self.bytes.get(self.offset).filter(|byte| **byte < 0x80) {
            self.offset += 1;
            return Ok(u64::from(*byte));
        }
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.fault(WireFault::NonMinimal));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.fault(WireFault::NonMinimal));
                }
                return Ok(value);
            }
        }
        Err(self.fault(WireFault::NonMinimal))
    }

    fn length_delimited(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| self.fault(WireFault::Truncated))?;
        self.take(length)
    }
}

/// Checks that `bytes` are the one encoding of a message of `schema`.
///
/// # Errors
/// [`WireError`] names the message, the field and the fault.
pub fn scan(schema: &Schema, bytes: &[u8]) -> Result<(), WireError> {
    let mut reader = Reader { message: schema.name, bytes, offset: 0, field: 0 };
    let mut last = 0_u32;
    let mut times = 0_usize;
    // Fields come in the order of the schema, or are refused as misordered: what stands before the last one is not looked at
    // again, unless something is wrong.
    let mut left = schema.fields;
    while reader.offset < bytes.len() {
        let tag = reader.varint()?;
        reader.field = u32::try_from(tag >> 3).map_err(|_| reader.fault(WireFault::UnknownField))?;
        while let Some((_, rest)) = left.split_first().filter(|(next, _)| next.number < reader.field) {
            left = rest;
        }
        let Some(field) = left.first().filter(|field| field.number == reader.field) else {
            let is_known = schema.fields.iter().any(|field| field.number == reader.field);
            let fault = if is_known { WireFault::Misordered } else { absent(schema, reader.field) };
            return Err(reader.fault(fault));
        };
        times = if field.number == last { times + 1 } else { 1 };
        last = field.number;
        match field.presence {
            Presence::Repeated(max) if times > max => return Err(reader.fault(WireFault::TooMany(max))),
            Presence::Implicit | Presence::Optional if times > 1 => return Err(reader.fault(WireFault::Repeated)),
            Presence::Repeated(_) | Presence::Implicit | Presence::Optional => {}
        }
        scan_value(&mut reader, field, tag & 7)?;
    }
    Ok(())
}

/// What is wrong with a field that a message does not have.
fn absent(schema: &Schema, field: u32) -> WireFault {
    if RESERVED.contains(&(schema.name, field)) { WireFault::Reserved } else { WireFault::UnknownField }
}

fn scan_value(reader: &mut Reader<'_>, field: &Field, wire_type: u64) -> Result<(), WireError> {
    let expected = match field.shape {
        Shape::Varint(_) => VARINT,
        Shape::Fixed64 => FIXED64,
        Shape::Exactly(_) | Shape::AtMost(_) | Shape::Text(_) | Shape::Message(_) => LENGTH_DELIMITED,
    };
    if wire_type != expected {
        return Err(reader.fault(WireFault::WireType));
    }
    let is_default = match &field.shape {
        Shape::Varint(max) => {
            let value = reader.varint()?;
            if value > *max {
                return Err(reader.fault(WireFault::TooLarge(*max)));
            }
            value == 0
        }
        Shape::Fixed64 => reader.take(8)?.iter().all(|byte| *byte == 0),
        Shape::Exactly(length) => {
            let value = reader.length_delimited()?;
            if value.len() != *length {
                return Err(reader.fault(WireFault::WrongLength(*length, value.len())));
            }
            false
        }
        Shape::AtMost(max) => {
            let value = reader.length_delimited()?;
            if value.len() > *max {
                return Err(reader.fault(WireFault::TooLong(*max)));
            }
            value.is_empty()
        }
        Shape::Text(max) => {
            let value = reader.length_delimited()?;
            if value.len() > *max {
                return Err(reader.fault(WireFault::TooLong(*max)));
            }
            if std::str::from_utf8(value).is_err() {
                return Err(reader.fault(WireFault::NotUtf8));
            }
            value.is_empty()
        }
        Shape::Message(schema) => {
            scan(schema, reader.length_delimited()?)?;
            false
        }
    };
    if is_default && field.presence == Presence::Implicit {
        return Err(reader.fault(WireFault::DefaultWritten));
    }
    Ok(())
}
