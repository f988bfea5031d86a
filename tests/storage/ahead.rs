//! Batches that are judged while the one before them is not synced: nobody sees or is told of what the disk may not have.

use std::{path::Path, sync::mpsc, thread, time::Duration};

use dmpc::{Permissions, VerifiedOperation};
use dmpc_storage::{Limits, Outcome, Reader, Rejection, Store, StoreError, Writer, projection::work::Step};

use crate::support::{
    operations::{Cast, at},
    store::{audited, open, open_with_step, submissions, try_open},
    world::{World, genesis},
};

/// Time enough for a thread to do what it must not do.
const WHILE: Duration = Duration::from_millis(100);

/// A store, and operations that create users, one after the other.
fn made(path: &Path, users: u64) -> (Writer, Reader, Vec<Vec<VerifiedOperation>>) {
    let mut cast = Cast::with_blank_wraps(3);
    Store::init(path, &genesis(&cast)).unwrap();
    let create = |number| {
        let name = format!("user{number}");
        cast.join(&name);
        vec![cast.create("root", &name, Permissions::NONE, "", at(number))]
    };
    let batches = (1..=users).map(create).collect();
    let (writer, reader) = open(path);
    (writer, reader, batches)
}

fn operations(reader: &Reader) -> (u64, u64) {
    (reader.info().unwrap().operations, reader.log_head().unwrap().operations)
}

#[test]
fn readers_see_a_batch_when_it_is_synced_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader, batches) = made(&folder.path().join("store"), 1);
    let ahead = writer.commit_ahead(&submissions(&batches[0]), at(9).millis()).unwrap();
    assert_eq!(writer.operations(), 1, "the writer goes on from it");
    assert_eq!(operations(&reader), (0, 0));
    assert_eq!(reader.arrivals(0, 9).unwrap().len(), 0);
    assert_eq!(reader.operations(&[batches[0][0].key()]).unwrap(), [None]);
    assert_eq!(ahead.sync().unwrap().outcomes, [Outcome::Applied]);
    assert_eq!(operations(&reader), (1, 1));
    assert_eq!(reader.arrivals(0, 9).unwrap(), [batches[0][0].key()]);
    assert_eq!(reader.operations(&[batches[0][0].key()]).unwrap(), [Some(batches[0][0].bytes().clone())]);
}

#[test]
fn what_is_written_next_waits_for_the_sync_of_what_was_written_before() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader, batches) = made(&folder.path().join("store"), 2);
    let first = writer.commit_ahead(&submissions(&batches[0]), at(9).millis()).unwrap();
    let (done, is_done) = mpsc::channel();
    let second = thread::spawn(move || {
        let second = writer.commit_ahead(&submissions(&batches[1]), at(9).millis()).unwrap();
        done.send(()).unwrap();
        (writer, second)
    });
    assert!(is_done.recv_timeout(WHILE).is_err(), "it was written while the one before it was not synced");
    assert_eq!(operations(&reader), (0, 0));
    first.sync().unwrap();
    let (writer, second) = second.join().unwrap();
    assert_eq!(operations(&reader), (1, 1), "of the second nothing is seen");
    second.sync().unwrap();
    assert_eq!(operations(&reader), (2, 2));
    writer.close().unwrap();
}

#[test]
fn a_duplicate_of_what_is_not_synced_is_told_when_that_is_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, _reader, batches) = made(&folder.path().join("store"), 1);
    let first = writer.commit_ahead(&submissions(&batches[0]), at(9).millis()).unwrap();
    let again = writer.commit_ahead(&submissions(&batches[0]), at(9).millis()).unwrap();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(again.sync().unwrap().outcomes).unwrap());
    assert!(is_done.recv_timeout(WHILE).is_err(), "it was acknowledged before it was on disk");
    first.sync().unwrap();
    assert_eq!(is_done.recv().unwrap(), [Outcome::Duplicate]);
    // The same for who commits in the ordinary way.
    assert_eq!(writer.commit(&submissions(&batches[0]), at(9).millis()).unwrap(), [Outcome::Duplicate]);
}

#[test]
fn a_batch_that_is_never_synced_poisons_the_store_and_nobody_sees_or_is_told_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (mut writer, reader, batches) = made(&path, 2);
    writer.commit(&submissions(&batches[0]), at(9).millis()).unwrap();
    let lost = writer.commit_ahead(&submissions(&batches[1]), at(9).millis()).unwrap();
    let again = writer.commit_ahead(&submissions(&batches[1]), at(9).millis()).unwrap();
    drop(lost);
    assert!(matches!(again.sync(), Err(StoreError::Poisoned)), "what may be lost was acknowledged");
    assert!(matches!(writer.commit(&submissions(&batches[0]), at(9).millis()), Err(StoreError::Poisoned)));
    assert_eq!(operations(&reader), (1, 1));
    assert!(matches!(writer.close(), Err(StoreError::Poisoned)));
    drop(reader);
    // It was not acknowledged; whether it is there, nobody knew.
    let (writer, _reader) = try_open(&path, Limits::default()).unwrap();
    assert!((1..=2).contains(&writer.operations()));
}

#[test]
fn batches_that_are_judged_ahead_end_with_the_log_and_the_state_of_batches_that_are_not() {
    for seed in 0..6 {
        let world = World::random(seed, 400);
        let folder = tempfile::tempdir().unwrap();
        let paths = ["plain", "ahead"].map(|name| folder.path().join(name));
        let heads = paths.clone().map(|path| {
            Store::init(&path, &world.genesis).unwrap();
            let (mut writer, reader) = open_with_step(&path, Step { operations: 20, ..Step::default() });
            let (to_sync, synced) = mpsc::channel::<dmpc_storage::Ahead>();
            let syncing =
                thread::spawn(move || synced.into_iter().flat_map(|ahead| ahead.sync().unwrap().outcomes).count());
            for (number, batch) in world.operations.chunks(7).enumerate() {
                if path.ends_with("plain") {
                    writer.commit(&submissions(batch), at(1_000).millis()).unwrap();
                } else {
                    to_sync.send(writer.commit_ahead(&submissions(batch), at(1_000).millis()).unwrap()).unwrap();
                }
                if number % 5 == 0 {
                    writer.step().unwrap();
                }
            }
            drop(to_sync);
            let told = syncing.join().unwrap();
            assert_eq!(told, if path.ends_with("plain") { 0 } else { world.operations.len() });
            while writer.step().unwrap().is_some() {}
            let info = reader.info().unwrap();
            writer.close().unwrap();
            (info.operations, info.log_digest, info.state_digest)
        });
        assert_eq!(heads[0], heads[1], "seed {seed}");
        audited(&paths[1]);
    }
}

#[test]
fn what_is_judged_again_in_steps_is_seen_when_it_is_done_also_where_a_batch_is_judged_ahead() {
    const MESSAGES: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut cast = Cast::with_blank_wraps(5);
    Store::init(&path, &genesis(&cast)).unwrap();
    let alice = cast.create("root", "alice", Permissions::CHANNEL_ADD, "", at(1));
    let (opened, room) = cast.open("alice", "room", &[], at(2));
    let mut log = vec![alice, opened];
    log.extend((0..MESSAGES).map(|number| cast.message("alice", &room, "text", at(10 + number))));
    let closed = cast.close("alice", &room, at(5));
    let (mut writer, reader) = open_with_step(&path, Step { operations: 50, ..Step::default() });
    writer.commit(&submissions(&log), at(1_000).millis()).unwrap();
    let messages = || reader.channel(&room.id).unwrap().unwrap().messages;
    assert_eq!(messages(), MESSAGES);
    let late = writer.commit_ahead(&submissions(&[closed]), at(1_000).millis()).unwrap();
    assert_eq!(late.sync().unwrap().outcomes, [Outcome::Applied]);
    let mut steps = 0;
    while writer.rejudging().is_some() {
        assert_eq!(messages(), MESSAGES, "seen halfway, after {steps} steps");
        // What comes meanwhile is judged ahead, too.
        let late = cast.message("alice", &room, "text", at(500 + steps));
        let ahead = writer.commit_ahead(&submissions(&[late]), at(1_000).millis()).unwrap();
        assert_eq!(ahead.sync().unwrap().outcomes, [Outcome::Rejected(Rejection::ChannelClosed)]);
        writer.step().unwrap();
        steps += 1;
    }
    assert!(steps > 1, "{steps} steps");
    assert_eq!(messages(), 0);
    writer.close().unwrap();
    drop(reader);
    audited(&path);
}
