//! Public test vectors, read in place from beside the repository. They are not part of it: where they are absent, a
//! specification says so and passes.

use std::{fs, path::PathBuf};

/// The folder of vectors with this name, if it is there.
pub(super) fn folder(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent()?.to_path_buf();
    let folder = root.join("../shared/vectors").join(name);
    if !folder.is_dir() {
        eprintln!("not run: the public vectors in {} are absent", folder.display());
        return None;
    }
    Some(folder)
}

/// A JSON file of vectors.
pub(super) fn json(folder_name: &str, file: &str) -> Option<serde_json::Value> {
    let bytes = fs::read(folder(folder_name)?.join(file)).unwrap();
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The text of a JSON value.
pub(super) fn text<'a>(value: &'a serde_json::Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text '{key}' in {value}"))
}
