//! The scanner: serde_json parses, a visitor remembers keys and counts how deep it is. Nothing of the text is kept.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{JsonError, JsonFault};

/// Arrays and objects that may stand inside each other.
pub const JSON_DEPTH_MAX: usize = 32;

/// Checks that `bytes` are one JSON value (RFC 8259) in UTF-8, in which no key stands twice in one object and nothing
/// is nested deeper than [`JSON_DEPTH_MAX`]; returns them as text. Keys are compared as what they mean: `"a"` and
/// `"\u0061"` are one key.
///
/// # Errors
/// [`JsonError`] names the fault and its place.
pub fn scan(bytes: &[u8]) -> Result<&str, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::at_start(JsonFault::NotUtf8))?;
    let ours = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let scanned = Value { depth: 0, ours: &ours }.deserialize(&mut json);
    scanned.map_err(|error| match ours.get() {
        Some(fault) => JsonError::at(&error, fault),
        None => JsonError::of_text(&error),
    })?;
    json.end().map_err(|error| JsonError::at(&error, JsonFault::TrailingBytes))?;
    Ok(text)
}

/// One value, and how many arrays and objects it is inside of.
#[derive(Clone, Copy)]
struct Value<'c> {
    depth: usize,
    /// The fault that made the visitor stop the parser, whose own errors hold nothing but text.
    ours: &'c Cell<Option<JsonFault>>,
}

impl Value<'_> {
    fn stop<E: de::Error>(self, fault: JsonFault) -> E {
        self.ours.set(Some(fault));
        E::custom(fault)
    }

    fn inside<E: de::Error>(self) -> Result<Self, E> {
        let inside = Self { depth: self.depth + 1, ..self };
        if inside.depth > JSON_DEPTH_MAX { Err(self.stop(JsonFault::TooDeep)) } else { Ok(inside) }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while elements.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut keys: HashSet<String> = HashSet::new();
        while let Some(key) = members.next_key()? {
            if !keys.insert(key) {
                return Err(self.stop(JsonFault::DuplicateKey));
            }
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}
