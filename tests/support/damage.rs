//! A stored directory to be damaged: what is in it, by kind of file, and copies of which one file is another.
//! What may not live here: what is made of the damage.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dmpc_storage::Store;

use super::{
    operations::at,
    store::{open, submissions},
    world::{World, genesis},
};

pub(crate) const SEED: u64 = 20_260;
/// Operations of the store.
pub(crate) const OPERATIONS: usize = 600;

/// A store with tables, a write-ahead log, something kept aside and something rejected, as a crash leaves it.
pub(crate) fn stored(store: &Path) {
    let world = World::random(SEED, OPERATIONS);
    Store::init(store, &world.genesis).unwrap();
    let parts = world.operations.chunks(OPERATIONS / 3);
    for (part, operations) in parts.enumerate() {
        let (mut writer, reader) = open(store);
        for batch in operations.chunks(9) {
            writer.commit(&submissions(batch), at(1_000).millis()).unwrap();
        }
        drop(reader);
        // The last time as after a crash, so that a write-ahead log is left.
        if part == 0 { writer.close().unwrap() } else { drop(writer) }
    }
}

/// The kind of a file, of those that hold what was stored.
pub(crate) fn kind(path: &Path) -> Option<&'static str> {
    let name = path.file_name().unwrap().to_str().unwrap();
    match name {
        "HEAD" => Some("HEAD"),
        "CURRENT" => Some("CURRENT"),
        _ if name.starts_with("MANIFEST") => Some("MANIFEST"),
        _ if name.ends_with(".sst") => Some("table"),
        _ if name.ends_with(".log") => Some("write-ahead log"),
        _ => None,
    }
}

/// The files that are tried, by kind; empty ones have no byte to change.
pub(crate) fn files(store: &Path) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let mut files: BTreeMap<&'static str, Vec<PathBuf>> = BTreeMap::new();
    let database = fs::read_dir(store.join("db")).unwrap().map(|entry| entry.unwrap().path());
    for path in database.chain([store.join("HEAD")]) {
        if let Some(kind) = kind(&path).filter(|_| fs::metadata(&path).unwrap().len() > 0) {
            files.entry(kind).or_default().push(path);
        }
    }
    files.values_mut().for_each(|paths| paths.sort());
    files
}

/// A store whose files are those of another, but for one, which is a copy.
pub(crate) fn linked(from: &Path, to: &Path, changed: &Path) {
    fs::create_dir_all(to.join("db")).unwrap();
    let paths = fs::read_dir(from.join("db")).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.chain([from.join("HEAD")]) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path == changed {
            fs::copy(&path, target).unwrap();
        } else {
            fs::hard_link(&path, target).unwrap();
        }
    }
}

/// A store that shares its tables alone with another, so that it can be opened; tables are never changed in their place.
pub(crate) fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("db")).unwrap();
    let paths = fs::read_dir(from.join("db")).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.chain([from.join("HEAD")]) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if kind(&path) == Some("table") {
            fs::hard_link(&path, target).unwrap();
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// The genesis that such stores have.
pub(crate) fn another_genesis() -> dmpc_storage::Genesis {
    let mut other = genesis(&super::operations::Cast::with_blank_wraps(3));
    other.node = dmpc::NodeId::from_bytes([9; 32]);
    other
}
