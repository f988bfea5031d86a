//! A store with a room of alice's in it.

use dmpc::{Permissions, Rights, VerifiedOperation};
use dmpc_storage::{Reader, Source, Store, Submission, Writer};

use super::{
    operations::{Cast, Room, at},
    store::open,
    world::genesis,
};

/// The people, the room, and the store.
pub(crate) struct House {
    pub(crate) cast: Cast,
    pub(crate) room: Room,
    pub(crate) reader: Reader,
    writer: Writer,
    _directory: tempfile::TempDir,
}

impl House {
    /// Alice opens the room, before `at(10)`, with bob as a member.
    pub(crate) fn new(bob: Rights) -> Self {
        let mut cast = Cast::with_blank_wraps(11);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Store::init(&path, &genesis(&cast)).unwrap();
        let (writer, reader) = open(&path);
        let created = [
            cast.create("root", "alice", Permissions::ALL, "Alice", at(1)),
            cast.create("root", "bob", Permissions::NONE, "Bob", at(2)),
        ];
        let (opened, room) = cast.open("alice", "room", &[("bob", bob)], at(3));
        let mut house = Self { cast, room, reader, writer, _directory: directory };
        house.commit(&created);
        house.commit(&[opened]);
        house
    }

    /// Commits operations together.
    pub(crate) fn commit(&mut self, operations: &[VerifiedOperation]) {
        let submission =
            |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
        let batch: Vec<_> = operations.iter().map(submission).collect();
        self.writer.commit(&batch, at(10_000_000).millis()).unwrap();
    }
}
