//! Files of vectors, read with serde_json.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dmpc::{
    Identity, UserId,
    error::{Classified, ErrorClass},
    keys::{DecryptionKey, SigningKey},
};
use rand_core::{CryptoRng, RngCore};
use serde_json::Value;

use crate::protocol::vectors::unhex;

/// Where the vectors are.
pub(in crate::protocol) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// A file of vectors.
pub(super) struct File {
    pub(super) path: String,
    whole: Value,
}

/// Every file with cases, by path.
pub(super) fn files() -> Vec<File> {
    let mut paths = Vec::new();
    collect(&folder(), &mut paths);
    paths.sort();
    let relative = |path: &Path| path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
    let files = paths.iter().map(|path| File {
        path: relative(path),
        whole: serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}")),
    });
    files.filter(|file| file.whole.get("cases").is_some()).collect()
}

/// Every JSON file below a folder.
pub(in crate::protocol) fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
}

impl File {
    pub(super) fn check(&self) -> &str {
        assert_eq!(self.whole["format"], "dmpc vectors 1", "{}", self.path);
        self.whole["check"].as_str().unwrap()
    }

    pub(super) fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.whole["cases"].as_array().unwrap().iter().map(|whole| Case { path: &self.path, whole })
    }
}

/// One case.
pub(super) struct Case<'a> {
    path: &'a str,
    whole: &'a Value,
}

impl Case<'_> {
    /// Where it is, for failures.
    pub(super) fn place(&self) -> String {
        format!("{}: {}", self.path, self.whole["name"].as_str().unwrap())
    }

    /// A member; the path begins with `inputs`, `values` or `expected`.
    pub(super) fn get(&self, path: &str) -> &Value {
        let found = path.split('.').try_fold(self.whole, |value, name| value.get(name));
        found.unwrap_or_else(|| panic!("{}: no {path}", self.place()))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        path.split('.').try_fold(self.whole, |value, name| value.get(name)).is_some()
    }

    pub(super) fn text(&self, path: &str) -> &str {
        self.get(path).as_str().unwrap_or_else(|| panic!("{}: {path} is no text", self.place()))
    }

    pub(super) fn number(&self, path: &str) -> u64 {
        self.get(path).as_u64().unwrap_or_else(|| panic!("{}: {path} is no number", self.place()))
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        self.get(path).as_bool().unwrap_or_else(|| panic!("{}: {path} is no flag", self.place()))
    }

    pub(super) fn list(&self, path: &str) -> &[Value] {
        self.get(path).as_array().unwrap_or_else(|| panic!("{}: {path} is no list", self.place()))
    }

    /// Bytes in hexadecimal, or so many times the same ones.
    pub(super) fn bytes(&self, path: &str) -> Vec<u8> {
        match self.get(path) {
            Value::Object(object) => {
                let times = usize::try_from(object["times"].as_u64().unwrap()).unwrap();
                unhex(object["hex"].as_str().unwrap()).repeat(times)
            }
            value => unhex(value.as_str().unwrap_or_else(|| panic!("{}: {path} is no text", self.place()))),
        }
    }

    pub(super) fn array<const N: usize>(&self, path: &str) -> [u8; N] {
        self.bytes(path).try_into().unwrap_or_else(|_| panic!("{}: {path} has not {N} bytes", self.place()))
    }

    /// Somebody's secrets.
    pub(super) fn person(&self, path: &str) -> Identity {
        Identity {
            user: UserId::from_bytes(self.array(&format!("{path}.user"))),
            signing: SigningKey::generate(&mut Drawn(self.array(&format!("{path}.signing_seed")))),
            encryption: DecryptionKey::generate(&mut Drawn(self.array(&format!("{path}.encryption_secret")))).unwrap(),
            former: Vec::new(),
        }
    }

    /// Holds an outcome to what is expected; gives what was accepted.
    pub(super) fn hold<T, E: Classified>(&self, outcome: Result<T, E>) -> Option<T> {
        self.hold_refusal(outcome.map_err(|error| (error.class(), error.reason())))
    }

    pub(super) fn hold_refusal<T>(&self, outcome: Result<T, (ErrorClass, &'static str)>) -> Option<T> {
        match outcome {
            Ok(accepted) => {
                assert_eq!(self.text("expected.result"), "accepted", "{}", self.place());
                Some(accepted)
            }
            Err((class, reason)) => {
                assert!(self.has("expected.reason"), "{}: refused: {reason}", self.place());
                let expected = (self.text("expected.result"), self.get("expected.class"), self.get("expected.reason"));
                let (class, reason) = (Value::from(class.word()), Value::from(reason));
                assert_eq!(expected, ("refused", &class, &reason), "{}", self.place());
                None
            }
        }
    }

    /// Holds texts, which are refused without a class.
    pub(super) fn hold_text<T, E>(&self, outcome: Result<T, E>) -> Option<T> {
        let result = if outcome.is_ok() { "accepted" } else { "refused" };
        assert_eq!(self.text("expected.result"), result, "{}", self.place());
        outcome.ok()
    }
}

/// Gives the bytes of a secret where one is drawn.
pub(super) struct Drawn(pub(super) [u8; 32]);

impl RngCore for Drawn {
    fn next_u32(&mut self) -> u32 {
        panic!("secrets are drawn as bytes")
    }

    fn next_u64(&mut self) -> u64 {
        panic!("secrets are drawn as bytes")
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Drawn {}
