//! Everything but the log can be dropped and made again, with the same result.

use dmpc::VerifiedOperation;
use dmpc_storage::{Source, Store, Submission};

use crate::support::{
    operations::at,
    store::{audited, generation, open},
    world::World,
};

fn submissions(operations: &[VerifiedOperation]) -> Vec<Submission> {
    operations.iter().map(|op| Submission { operation: op.clone(), source: Source([1; 16]) }).collect()
}

#[test]
fn a_rebuild_gives_the_same_digests_and_verdicts_and_goes_on_from_there() {
    for seed in 0..10 {
        let world = World::random(seed, 40);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Store::init(&path, &world.genesis).unwrap();
        let (first, second) = world.operations.split_at(30);
        let now = at(1_000).millis();
        let (mut writer, reader) = open(&path);
        first.chunks(7).for_each(|batch| drop(writer.commit(&submissions(batch), now).unwrap()));
        let before = reader.info().unwrap();
        let cursor = reader.present().unwrap();
        drop(reader);
        writer.close().unwrap();

        assert_eq!(Store::rebuild(&path, generation()).unwrap(), before.operations);

        let (mut writer, reader) = open(&path);
        assert_eq!(reader.info().unwrap(), before, "seed {seed}");
        assert_ne!(reader.present().unwrap(), cursor, "cursors of the feed before are foreign");
        second.chunks(7).for_each(|batch| drop(writer.commit(&submissions(batch), now).unwrap()));
        drop(reader);
        writer.close().unwrap();
        audited(&path);
    }
}

#[test]
fn what_a_crashed_rebuild_left_behind_is_in_nobodys_way() {
    let world = World::random(1, 20);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &world.genesis).unwrap();
    std::fs::create_dir_all(path.join("rebuild/db")).unwrap();
    std::fs::write(path.join("rebuild/db/CURRENT"), b"half").unwrap();
    assert_eq!(Store::rebuild(&path, generation()).unwrap(), 0);
    assert!(!path.join("rebuild").exists());
    open(&path);
}
