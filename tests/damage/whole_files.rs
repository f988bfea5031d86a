//! Whole files: torn, zeroed, gone, an older one, one of another store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dmpc::Permissions;
use dmpc_storage::Store;

use super::judge::{Became, Original, fast_directory};
use crate::support::{
    client::now_ms,
    damage::{another_genesis, files, stored},
    operations::{Cast, at},
    store::{open, submissions},
};

fn torn(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn zeroed(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    fs::write(path, vec![0; usize::try_from(length).unwrap()]).unwrap();
}

fn emptied(path: &Path) {
    fs::write(path, []).unwrap();
}

fn gone(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// The file of this name, or whose name begins so, in a store.
fn named(store: &Path, name: &str) -> PathBuf {
    if name == "HEAD" {
        return store.join(name);
    }
    let entries = fs::read_dir(store.join("db")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name)).collect();
    found.sort();
    found.pop().unwrap()
}

#[test]
fn a_whole_file_that_is_torn_zeroed_empty_or_gone_is_refused_with_its_name_or_without_effect() {
    let original = Original::new();
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 4] = [("torn", torn), ("zeroed", zeroed), ("emptied", emptied), ("gone", gone)];
    for name in ["CURRENT", "MANIFEST", "OPTIONS", "HEAD"] {
        for (what, damage) in damages {
            let became = original.judged(true, |store| damage(&named(store, name)));
            let became = became.unwrap_or_else(|why| panic!("{name}, {what}: {why}"));
            let expected: &[Became] = match (name, what) {
                // RocksDB takes its options from the program.
                ("OPTIONS", _) => &[Became::Whole],
                // A whole slot is left.
                ("HEAD", "torn") => &[Became::Whole],
                // All of the database is there.
                ("HEAD", _) => &[Became::Prefix],
                _ => &[Became::Refused],
            };
            assert!(expected.contains(&became), "{name}, {what}: {became:?}");
        }
    }
}

#[test]
fn a_table_or_a_write_ahead_log_that_is_torn_zeroed_empty_or_gone_is_refused_or_found() {
    let original = Original::new();
    let files = files(&original.store());
    let damages: [fn(&Path); 4] = [torn, zeroed, emptied, gone];
    for kind in ["table", "write-ahead log"] {
        for (number, damage) in damages.into_iter().enumerate() {
            for path in files[kind].iter().take(3) {
                let became = original.judged(true, |store| {
                    let path = store.join(path.strip_prefix(original.store()).unwrap());
                    // Tables are shared with the original.
                    let bytes = fs::read(&path).unwrap();
                    fs::remove_file(&path).unwrap();
                    fs::write(&path, bytes).unwrap();
                    damage(&path);
                });
                let became = became.unwrap_or_else(|why| panic!("{}, {number}: {why}", path.display()));
                assert_ne!(became, Became::Whole, "{}, {number}", path.display());
            }
        }
    }
}

#[test]
fn an_older_head_weakens_the_check_and_loses_nothing() {
    let directory = fast_directory();
    let (first, older) = (directory.path().join("first"), directory.path().join("HEAD"));
    stored(&first);
    fs::copy(first.join("HEAD"), &older).unwrap();
    let mut cast = Cast::with_blank_wraps(crate::support::damage::SEED);
    cast.join("late");
    let (mut writer, reader) = open(&first);
    let late = cast.create("root", "late", Permissions::NONE, "", at(2_000));
    writer.commit(&submissions(&[late]), now_ms()).unwrap();
    let operations = reader.info().unwrap().operations;
    drop((writer, reader));
    fs::copy(&older, first.join("HEAD")).unwrap();
    let (_writer, reader) = open(&first);
    assert_eq!(reader.info().unwrap().operations, operations);
}

#[test]
fn a_head_of_another_store_is_refused_as_such_by_both() {
    let original = Original::new();
    let directory = fast_directory();
    let other = directory.path().join("other");
    Store::init(&other, &another_genesis()).unwrap();
    let became = original.judged(true, |store| {
        fs::copy(other.join("HEAD"), store.join("HEAD")).unwrap();
    });
    assert_eq!(became, Ok(Became::Prefix));
    assert!(original.operations() > 0);
}
