//! One object as one line of JSON. Read are `type`, `bytes` and, of a transaction, `call`; whatever stands beside them is for
//! people and is ignored, but nothing may stand twice: readers that differ in which one they take would see two objects.

use std::{collections::BTreeSet, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::ObjectError;

/// What is read of a line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) tag: String,
    pub(super) bytes: Vec<u8>,
    pub(super) call: Option<String>,
}

impl Line {
    pub(super) fn parse(text: &str) -> Result<Self, ObjectError> {
        let Value::Object(members) = serde_json::from_str(text)? else { return Err(ObjectError::NotAnObject) };
        if let Some(twice) = first_duplicate(&members) {
            return Err(ObjectError::DuplicateKey(twice.to_owned()));
        }
        let (mut tag, mut bytes, mut call) = (None, None, None);
        for (name, value) in members {
            let place = match name.as_str() {
                "type" => &mut tag,
                "bytes" => &mut bytes,
                "call" => &mut call,
                _ => continue,
            };
            let Value::Text(text) = value else { return Err(ObjectError::NotText(name)) };
            *place = Some(text);
        }
        let tag = tag.ok_or(ObjectError::Missing("type"))?;
        let bytes = bytes.ok_or(ObjectError::Missing("bytes"))?;
        let bytes = BASE64_STANDARD.decode(bytes).map_err(|_| ObjectError::NotBase64)?;
        Ok(Self { tag, bytes, call })
    }
}

/// What a line holds, as far as it matters.
enum Value {
    Text(String),
    Object(Vec<(String, Value)>),
    Array(Vec<Value>),
    Other,
}

/// The first key that stands twice in one object, at any depth.
fn first_duplicate(members: &[(String, Value)]) -> Option<&str> {
    let mut seen = BTreeSet::new();
    members.iter().find_map(
        |(name, value)| {
            if seen.insert(name.as_str()) { duplicate_in(value) } else { Some(name.as_str()) }
        },
    )
}

fn duplicate_in(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => first_duplicate(members),
        Value::Array(items) => items.iter().find_map(duplicate_in),
        Value::Text(_) | Value::Other => None,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(member) = members.next_entry()? {
            found.push(member);
        }
        Ok(Value::Object(found))
    }
}
