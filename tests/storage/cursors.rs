//! Cursors of local places: one of another history is refused, so that nothing is missed in silence; one of this history
//! outlives restarts.

use std::{path::Path, process::Command};

use bytes::Bytes;
use dmpc::{Permissions, UserId, VerifiedOperation};
use dmpc_storage::{Reader, Source, Store, StoreError, Submission, Writer};

use crate::support::{
    operations::{Cast, Room, at},
    store::{generation, open},
    world::genesis,
};

fn commit(writer: &mut Writer, operations: &[VerifiedOperation]) {
    let submission =
        |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
    let batch: Vec<_> = operations.iter().map(submission).collect();
    writer.commit(&batch, at(100_000).millis()).unwrap();
}

/// A store in which alice opened a room, and then another.
fn store(path: &Path) -> (Cast, Room) {
    let mut cast = Cast::with_blank_wraps(9);
    Store::init(path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(path);
    let alice = cast.create("root", "alice", Permissions::CHANNEL_ADD, "", at(1));
    let bob = cast.create("root", "bob", Permissions::NONE, "", at(2));
    let (first, room) = cast.open("alice", "first", &[], at(3));
    let (second, _) = cast.open("alice", "second", &[], at(4));
    commit(&mut writer, &[alice, bob, first, second]);
    drop(reader);
    writer.close().unwrap();
    (cast, room)
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// One cursor of each kind that names a local place.
#[derive(Clone)]
struct Places {
    event: Bytes,
    user: Bytes,
    channel: Bytes,
    member: Bytes,
}

impl Places {
    /// The present, and after the first user, channel and member.
    fn of(reader: &Reader, room: &Room, who: &UserId) -> Self {
        let first_epoch = reader.channel_page(&room.id, who, &[], 1).unwrap().cursor.unwrap();
        Self {
            event: reader.present().unwrap(),
            user: reader.users(&[], 1).unwrap().cursor.unwrap(),
            channel: reader.channels(&[], 1, None).unwrap().cursor.unwrap(),
            member: reader.channel_page(&room.id, who, &first_epoch, 1).unwrap().cursor.unwrap(),
        }
    }

    /// Which of them a reader takes.
    fn taken(&self, reader: &Reader, room: &Room, who: &UserId) -> [bool; 4] {
        [
            taken(reader.events(&room.id, &self.event, 10)),
            taken(reader.users(&self.user, 10)),
            taken(reader.channels(&self.channel, 10, None)),
            taken(reader.channel_page(&room.id, who, &self.member, 10)),
        ]
    }
}

fn taken<T>(read: Result<T, StoreError>) -> bool {
    match read {
        Ok(_) => true,
        Err(StoreError::ForeignCursor(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// A store whose room has two members, and cursors of it.
fn house(path: &Path) -> (Cast, Room, Places) {
    let (mut cast, room) = store(path);
    let (mut writer, reader) = open(path);
    let members = cast.members("alice", &room, &[("bob", dmpc::Rights::READ)], &[], at(5));
    commit(&mut writer, &[members]);
    let places = Places::of(&reader, &room, &cast.user("alice"));
    drop(reader);
    writer.close().unwrap();
    (cast, room, places)
}

#[test]
fn cursors_outlive_restarts_and_what_is_learnt_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let (mut cast, room, places) = house(&path);
    let alice = cast.user("alice");
    for time in 10..13 {
        let (mut writer, reader) = open(&path);
        assert_eq!(places.taken(&reader, &room, &alice), [true; 4]);
        let message = cast.message("alice", &room, "more", at(time));
        commit(&mut writer, &[message]);
        let events = reader.events(&room.id, &places.event, 10).unwrap().events.len();
        assert_eq!(u64::try_from(events).unwrap(), time - 9);
        drop(reader);
        writer.close().unwrap();
    }
}

#[test]
fn cursors_of_another_node_are_foreign() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (directory.path().join("here"), directory.path().join("there"));
    let (cast, room, places) = house(&here);
    house(&there);
    let (_writer, reader) = open(&there);
    assert_eq!(places.taken(&reader, &room, &cast.user("alice")), [false; 4]);
}

#[test]
fn cursors_of_before_a_rebuild_are_foreign() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let (cast, room, places) = house(&path);
    Store::rebuild(&path, generation()).unwrap();
    let (_writer, reader) = open(&path);
    assert_eq!(places.taken(&reader, &room, &cast.user("alice")), [false; 4]);
}

#[test]
fn a_copy_that_goes_on_takes_cursors_of_before_it_and_none_of_after() {
    let directory = tempfile::tempdir().unwrap();
    let (original, backup) = (directory.path().join("original"), directory.path().join("backup"));
    let (mut cast, room, before) = house(&original);
    let alice = cast.user("alice");
    copy(&original, &backup);
    // The original goes on: with things that the copy never hears of.
    let (mut writer, reader) = open(&original);
    let dave = {
        cast.join("dave");
        cast.create("root", "dave", Permissions::NONE, "", at(20))
    };
    let (third, _) = cast.open("alice", "third", &[], at(21));
    let change =
        cast.members("alice", &room, &[("dave", dmpc::Rights::READ), ("carol", dmpc::Rights::READ)], &[], at(22));
    commit(&mut writer, &[dave, third, change]);
    let after = reader.present().unwrap();
    drop(reader);
    writer.close().unwrap();
    // So does the copy, until it has given as many sequences and more.
    let (mut writer, reader) = open(&backup);
    for time in 30..40 {
        let message = cast.message("alice", &room, "elsewhere", at(time));
        commit(&mut writer, &[message]);
    }
    assert_eq!(before.taken(&reader, &room, &alice), [true; 4]);
    assert!(!taken(reader.events(&room.id, &after, 10)), "the same sequence means something else here");
}

#[test]
fn a_copy_of_a_store_that_was_only_opened_goes_on_under_another_name() {
    let directory = tempfile::tempdir().unwrap();
    let (original, copied) = (directory.path().join("original"), directory.path().join("copied"));
    let (mut cast, room) = store(&original);
    open(&original).0.close().unwrap();
    copy(&original, &copied);
    let mut presents = Vec::new();
    for path in [&original, &copied] {
        let (mut writer, reader) = open(path);
        let message = cast.message("alice", &room, "one of two", at(30));
        commit(&mut writer, &[message]);
        presents.push((reader.present().unwrap(), reader, writer));
    }
    let [(first, one, _), (second, other, _)] = presents.as_slice() else { panic!() };
    assert!(taken(one.events(&room.id, first, 10)) && taken(other.events(&room.id, second, 10)));
    assert!(!taken(one.events(&room.id, second, 10)) && !taken(other.events(&room.id, first, 10)));
}

#[test]
fn a_place_that_was_not_given_yet_is_foreign() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let (cast, room) = store(&path);
    let (_writer, reader) = open(&path);
    let alice = cast.user("alice");
    let mut event = reader.present().unwrap().to_vec();
    *event.last_mut().unwrap() += 1;
    assert!(!taken(reader.events(&room.id, &event, 10)));
    for cursor in [reader.users(&[], 1).unwrap().cursor, reader.channels(&[], 1, None).unwrap().cursor] {
        let mut cursor = cursor.unwrap().to_vec();
        *cursor.last_mut().unwrap() = 200;
        assert!(!taken(reader.users(&cursor, 10)) && !taken(reader.channels(&cursor, 10, None)));
        assert!(!taken(reader.channel_page(&room.id, &alice, &cursor, 10)));
    }
}

#[test]
fn a_cursor_of_one_query_is_foreign_to_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let (cast, room, places) = house(&path);
    let (_writer, reader) = open(&path);
    let alice = cast.user("alice");
    let Places { event, user, channel, member } = places.clone();
    let turned = Places { event: user.clone(), user: channel.clone(), channel: member.clone(), member: event.clone() };
    assert_eq!(turned.taken(&reader, &room, &alice), [false; 4]);
    for cursor in [event, user, channel, member] {
        assert!(!taken(reader.messages(&room.id, &cursor, 10, false)));
    }
}

#[test]
fn stretches_of_long_ago_are_forgotten_and_the_later_ones_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let (_, room) = store(&path);
    let mut presents = Vec::new();
    for _ in 0..12 {
        let (writer, reader) = open(&path);
        presents.push(reader.present().unwrap());
        drop(reader);
        writer.close().unwrap();
    }
    let (_writer, reader) = open(&path);
    assert!(presents.iter().all(|present| taken(reader.events(&room.id, present, 10))));
}
