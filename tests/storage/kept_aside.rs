//! What was acknowledged as kept aside is covered by HEAD: its loss is noticed and nothing is changed.

use std::{fs, path::Path, process::Command};

use dmpc::{Permissions, VerifiedOperation};
use dmpc_storage::{Limits, Outcome, Refusal, Source, Store, StoreError, Submission, Wait, Writer};

use crate::support::{
    operations::{Cast, at},
    store::{generation, open},
    world::genesis,
};

fn submit(writer: &mut Writer, operation: &VerifiedOperation) -> Outcome {
    let submission = Submission { operation: operation.clone(), source: Source([1; 16]) };
    writer.commit(&[submission], at(1_000).millis()).unwrap()[0]
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn the_loss_of_what_was_only_kept_aside_is_noticed() {
    let mut cast = Cast::with_blank_wraps(5);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, _) = open(&path);
    let known = cast.create("root", "alice", Permissions::NONE, "", at(1));
    assert_eq!(submit(&mut writer, &known), Outcome::Applied);
    drop(writer);
    let earlier = directory.path().join("earlier");
    copy(&path.join("db"), &earlier);

    let (mut writer, _) = open(&path);
    let waits = cast.create("bob", "carol", Permissions::NONE, "", at(2));
    assert_eq!(submit(&mut writer, &waits), Outcome::Waiting(Wait::UnknownCertifier));
    drop(writer);
    // The disk lost what was written last; the file HEAD did not.
    fs::remove_dir_all(path.join("db")).unwrap();
    copy(&earlier, &path.join("db"));
    match Store::open(&path, Limits::default(), generation()) {
        Err(StoreError::KeptAsideLost { kept: 0, acknowledged: 1, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_kept_aside_outlives_crashes_closes_and_rebuilds() {
    let mut cast = Cast::with_blank_wraps(5);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, _) = open(&path);
    let waits = cast.create("alice", "carol", Permissions::NONE, "", at(2));
    assert_eq!(submit(&mut writer, &waits), Outcome::Waiting(Wait::UnknownCertifier));
    drop(writer);
    let (writer, _) = open(&path);
    writer.close().unwrap();
    Store::rebuild(&path, generation()).unwrap();
    let (mut writer, reader) = open(&path);
    assert_eq!(submit(&mut writer, &waits), Outcome::Duplicate);
    let alice = cast.create("root", "alice", Permissions::ALL, "", at(1));
    assert_eq!(submit(&mut writer, &alice), Outcome::Applied);
    assert_eq!(reader.info().unwrap().operations, 2, "it was logged when its certifier became known");
    drop((writer, reader));
    open(&path);
}

/// Sets the numbers given to users, channels and lanes, which stand after two counters, a sequence and two keys.
fn set_numbers(path: &Path, number: u32) {
    let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), path).unwrap();
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), path, families).unwrap();
    let meta = db.cf_handle("meta").unwrap();
    let mut head = db.get_cf(meta, b"head").unwrap().unwrap();
    for place in 0..3 {
        head[24 + 80 + 4 * place..][..4].copy_from_slice(&number.to_be_bytes());
    }
    db.put_cf(meta, b"head", head).unwrap();
}

#[test]
fn a_store_that_gave_nearly_all_numbers_refuses_and_goes_on() {
    let mut cast = Cast::with_blank_wraps(5);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let before = cast.create("root", "alice", Permissions::NONE, "", at(1));
    let (mut writer, _) = open(&path);
    assert_eq!(submit(&mut writer, &before), Outcome::Applied);
    writer.close().unwrap();
    set_numbers(&path.join("db"), u32::MAX - 100);
    let (mut writer, reader) = open(&path);
    let next = cast.create("root", "bob", Permissions::NONE, "", at(2));
    for _ in 0..2 {
        assert_eq!(submit(&mut writer, &next), Outcome::Refused(Refusal::StoreFull));
        assert_eq!(submit(&mut writer, &before), Outcome::Duplicate, "the writer is not poisoned");
    }
    assert_eq!(reader.info().unwrap().operations, 1);
    writer.release_due(at(1_000).millis()).unwrap();
    writer.close().unwrap();
}
