//! Cursors of the feed: one of another history is refused, so that nothing is missed in silence.

use dmpc::Permissions;
use dmpc_storage::{Limits, Source, Store, StoreError, Submission};

use crate::support::{
    operations::{Cast, at},
    world::genesis,
};

#[test]
fn a_cursor_past_the_end_is_foreign() {
    let mut cast = Cast::with_blank_wraps(9);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = Store::open(&path, Limits::default()).unwrap();
    let alice = cast.create("root", "alice", Permissions::CHANNEL_ADD, "", at(1));
    let (open, room) = cast.open("alice", "room", &[], at(2));
    let early = reader.present().unwrap();
    for operation in [alice, open] {
        writer.commit(&[Submission { operation, source: Source([1; 16]) }], at(10).millis()).unwrap();
    }
    let present = reader.present().unwrap();
    assert_eq!(reader.events(&room.id, &early, 10).unwrap().len(), 1);
    assert!(reader.events(&room.id, &present, 10).unwrap().is_empty());
    let mut past = present.to_vec();
    *past.last_mut().unwrap() += 1;
    assert!(matches!(reader.events(&room.id, &past, 10), Err(StoreError::ForeignCursor)));
}
