//! The test vectors, made in memory: a map from path to text. `README.md` in `tests/vectors` says what the files hold.
//!
//! What lives here: one file for each family of vectors, and what they share. What may not: reading or writing files, and
//! checks: that the vectors are right is for the specification that reads them.

mod answers;
mod content;
mod digests;
mod file;
mod flaws;
mod forge;
mod hashes;
mod ids;
mod json;
mod keys;
mod lanes;
mod logs;
mod operations;
mod people;
mod raw;
mod requests;
pub(crate) mod sealed;
mod story;
mod texts;
mod times;
mod transactions;
mod wire;
mod wraps;

use std::collections::BTreeMap;

use anyhow::Result;

use self::{file::File, sealed::Sealed};

/// The file that keeps the bytes of age, which are an input.
pub(crate) const SEALED: &str = "sealed.json";
/// The folders that hold vectors, and nothing else.
pub(crate) const FAMILIES: [&str; 17] = [
    "hash",
    "id",
    "time",
    "key",
    "operation",
    "issue",
    "lane",
    "wire",
    "content",
    "wrap",
    "age",
    "transaction",
    "request",
    "answer",
    "digest",
    "log",
    "json",
];

/// Makes the files of one family.
type Family = fn(&mut Sealed) -> Result<Vec<File>>;

/// Every vector: its path below `tests/vectors`, and its text; with the sealed bytes that they use.
pub(crate) fn all(sealed: &mut Sealed) -> Result<BTreeMap<String, String>> {
    let families: [Family; 15] = [
        hashes::files,
        ids::files,
        times::files,
        keys::files,
        operations::files,
        flaws::files,
        lanes::files,
        wire::files,
        content::files,
        wraps::files,
        transactions::files,
        requests::files,
        answers::files,
        logs::files,
        texts::files,
    ];
    let mut files = BTreeMap::new();
    for family in families {
        for file in family(sealed)? {
            let (path, text) = file.finish();
            anyhow::ensure!(files.insert(path.clone(), text).is_none(), "two vectors are called {path}");
        }
    }
    for file in digests::files()? {
        let (path, text) = file.finish();
        files.insert(path, text);
    }
    files.insert(SEALED.to_owned(), sealed.to_text());
    Ok(files)
}

/// One digest over all files, in hexadecimal: BLAKE3 of each path and text in ascending order, both length-prefixed
/// (eight bytes, big-endian).
pub(crate) fn digest<P: AsRef<str>, T: AsRef<[u8]>>(files: &BTreeMap<P, T>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, text) in files {
        for part in [path.as_ref().as_bytes(), text.as_ref()] {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}
