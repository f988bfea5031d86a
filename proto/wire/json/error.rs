//! Why a text is not the JSON form of a message.

use std::fmt;

use serde_json::error::Category;

use super::JSON_DEPTH_MAX;
use crate::error::{Classified, ErrorClass};

/// Where and why a text is refused. Nothing of the text is repeated in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub fault: JsonFault,
    /// The line, from 1; 0 where the fault is that of the whole.
    pub line: usize,
    /// The column in bytes, from 1; 0 at the beginning of a line.
    pub column: usize,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// More bytes than allowed.
    #[error("the text has more than {0} bytes")]
    TooLong(usize),
    /// Bytes that are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Not JSON (RFC 8259).
    #[error("the text is not JSON")]
    NotJson,
    /// It ends before the value does.
    #[error("the text ends inside a value")]
    Truncated,
    /// Something other than white space stands behind the value.
    #[error("something stands behind the value")]
    TrailingBytes,
    /// Half of a surrogate pair in an escape.
    #[error("an escape is half of a surrogate pair")]
    LoneSurrogate,
    /// Arrays and objects inside each other, too many.
    #[error("more than {JSON_DEPTH_MAX} arrays and objects stand inside each other")]
    TooDeep,
    /// A key that stands twice in one object, written in the same way or not.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// A key that the message does not have.
    #[error("the message has no such field")]
    UnknownField,
    /// A value of another type, out of range, or not base64 where bytes belong.
    #[error("the value is none that the field may have")]
    BadValue,
}

impl JsonError {
    /// A fault of the whole text.
    pub(super) const fn at_start(fault: JsonFault) -> Self {
        Self { fault, line: 0, column: 0 }
    }

    /// A fault where serde_json stopped.
    pub(super) fn at(error: &serde_json::Error, fault: JsonFault) -> Self {
        Self { fault, line: error.line(), column: error.column() }
    }

    /// What serde_json says of a text. Its error has no kinds, so two of them are known by their words.
    pub(super) fn of_text(error: &serde_json::Error) -> Self {
        let words = error.to_string();
        let says = |start: &str| words.starts_with(start);
        let fault = if says("lone leading surrogate") || says("unexpected end of hex escape") {
            JsonFault::LoneSurrogate
        } else if says("number out of range") {
            JsonFault::BadValue
        } else if error.classify() == Category::Eof {
            JsonFault::Truncated
        } else {
            JsonFault::NotJson
        };
        Self::at(error, fault)
    }

    /// What a message's decoder says of JSON. `duplicate field` is a field under both of its names.
    pub(super) fn of_message(error: &serde_json::Error) -> Self {
        let words = error.to_string();
        let fault = if words.starts_with("unknown field") {
            JsonFault::UnknownField
        } else if words.starts_with("duplicate field") {
            JsonFault::DuplicateKey
        } else {
            JsonFault::BadValue
        };
        Self::at(error, fault)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for JsonError {}

impl Classified for JsonError {
    fn class(&self) -> ErrorClass {
        match self.fault {
            JsonFault::TooLong(_) | JsonFault::TooDeep => ErrorClass::TooLarge,
            JsonFault::NotUtf8
            | JsonFault::NotJson
            | JsonFault::Truncated
            | JsonFault::TrailingBytes
            | JsonFault::LoneSurrogate
            | JsonFault::DuplicateKey
            | JsonFault::UnknownField
            | JsonFault::BadValue => ErrorClass::Malformed,
        }
    }

    fn reason(&self) -> &'static str {
        match self.fault {
            JsonFault::TooLong(_) => "too_long",
            JsonFault::NotUtf8 => "not_utf8",
            JsonFault::NotJson => "not_json",
            JsonFault::Truncated => "truncated",
            JsonFault::TrailingBytes => "trailing_bytes",
            JsonFault::LoneSurrogate => "lone_surrogate",
            JsonFault::TooDeep => "too_deep",
            JsonFault::DuplicateKey => "duplicate_key",
            JsonFault::UnknownField => "unknown_field",
            JsonFault::BadValue => "bad_value",
        }
    }
}
