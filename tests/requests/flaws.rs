//! The flawed bytes of tests/vectors.

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::Value;

use crate::protocol::vectors::unhex;

/// The one case of every file in a folder, by the name of the file.
pub(super) fn files(folder: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(folder);
    let mut found: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let mut whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let name = format!("{folder}/{}", path.file_stem().unwrap().to_str().unwrap());
            (name, whole["cases"][0].take())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(found.len() > 10, "{folder}");
    found
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Bytes in hexadecimal, or so many times the same ones.
pub(super) fn bytes(value: &Value) -> Bytes {
    if let Some(times) = value["times"].as_u64() {
        return unhex(&text(&value["hex"])).repeat(usize::try_from(times).unwrap()).into();
    }
    unhex(&text(value)).into()
}
