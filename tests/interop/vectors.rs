//! The project's own vectors, checked by clients in other languages: every file, every case, every check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::python;

/// So many there were when this was written; there may be more, and never fewer.
const CASES_MIN: u64 = 1_286;
/// Checks of what the client does not have: it speaks the binary subprotocol alone.
const NOT_HERE: [&str; 1] = ["json"];
/// Bytes of age that the others are made of; the one file without cases.
const NO_CASES: &str = "sealed.json";

/// The files of JSON below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, here): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = here.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    here.chain(folders.iter().flat_map(|folder| files(folder))).collect()
}

/// How many cases there are of each check.
fn cases(folder: &Path) -> BTreeMap<String, u64> {
    let mut cases = BTreeMap::new();
    for path in files(folder).iter().filter(|path| **path != folder.join(NO_CASES)) {
        let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let count = u64::try_from(file["cases"].as_array().unwrap().len()).unwrap();
        *cases.entry(file["check"].as_str().unwrap().to_owned()).or_default() += count;
    }
    cases
}

/// Where they are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// That a client checked every case, but those of the checks that it does not have; how many it checked.
#[track_caller]
pub(super) fn assert_all_checked(found: &Value, not_here: &[&str]) -> u64 {
    let mut cases = cases(&folder());
    let absent: BTreeMap<_, _> = not_here.iter().filter_map(|check| cases.remove_entry(*check)).collect();
    assert_eq!(absent.len(), not_here.len());
    assert_eq!((&found["checked"], &found["not_here"]), (&json!(cases), &json!(absent)));
    let all: u64 = cases.values().sum();
    println!("{all} vectors of {} checks; not here: {absent:?}", cases.len());
    all
}

#[test]
fn every_vector_is_what_python_makes_of_it() {
    let found = python::run("vectors", &json!({ "folder": python::text(&folder()) }));
    assert_eq!(found["faults"], json!([]));
    let all = assert_all_checked(&found, &NOT_HERE);
    assert!(all >= CASES_MIN, "{all}");
}
