//! A message under an epoch that is no longer current is refused while it is live, and never for good: nodes that learnt of
//! it in another order come to agree.

use dmpc::{Permissions, VerifiedOperation};
use dmpc_storage::{Genesis, Outcome, Reader, Refusal, Source, Store, Submission, Writer};

use crate::support::{
    operations::{Cast, at},
    store::open,
    world::genesis,
};

fn store(genesis: &Genesis) -> (tempfile::TempDir, Writer, Reader) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, genesis).unwrap();
    let (writer, reader) = open(&path);
    (directory, writer, reader)
}

fn submit(writer: &mut Writer, operation: &VerifiedOperation, now_ms: u64) -> Outcome {
    let submission = Submission { operation: operation.clone(), source: Source([1; 16]) };
    writer.commit(&[submission], now_ms).unwrap()[0]
}

#[test]
fn what_one_node_accepted_in_time_another_accepts_later() {
    let mut cast = Cast::with_blank_wraps(8);
    let alice = cast.create("root", "alice", Permissions::ALL, "", at(1));
    let (open, room) = cast.open("alice", "room", &[], at(2));
    let (epoch, _) = cast.epoch("alice", &room, &[], at(3));
    let message = cast.message("alice", &room, "under the first epoch", at(4));
    let genesis = genesis(&cast);
    let (_first, mut first, first_reader) = store(&genesis);
    let (_second, mut second, second_reader) = store(&genesis);
    let now = at(1_000).millis();
    for operation in [&alice, &open, &message, &epoch] {
        assert_eq!(submit(&mut first, operation, now), Outcome::Applied);
    }
    for operation in [&alice, &open, &epoch] {
        assert_eq!(submit(&mut second, operation, now), Outcome::Applied);
    }
    assert_eq!(submit(&mut second, &message, now), Outcome::Refused(Refusal::StaleEpoch));
    let later = at(120_000).millis();
    assert_eq!(submit(&mut second, &message, later), Outcome::Applied);
    assert_eq!(first_reader.info().unwrap().state_digest, second_reader.info().unwrap().state_digest);
}

#[test]
fn a_message_that_stands_before_the_newer_epoch_is_not_stale() {
    let mut cast = Cast::with_blank_wraps(8);
    let alice = cast.create("root", "alice", Permissions::ALL, "", at(1));
    let (open, room) = cast.open("alice", "room", &[], at(2));
    let message = cast.message("alice", &room, "before the second epoch", at(3));
    let (epoch, _) = cast.epoch("alice", &room, &[], at(4));
    let (_directory, mut writer, _) = store(&genesis(&cast));
    for operation in [&alice, &open, &epoch, &message] {
        assert_eq!(submit(&mut writer, operation, at(1_000).millis()), Outcome::Applied);
    }
}
