//! Lanes: one chain for each key and channel, a new one for a copy, never two operations at one place.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use dmpc::{LaneId, SignedOperation, operation::Link};

use super::house::{House, Person};

/// The lanes of these operations, each a chain without gap or fork, in the order in which they begin.
pub(super) fn lanes(operations: &[SignedOperation]) -> Vec<Vec<SignedOperation>> {
    let mut order: Vec<LaneId> = Vec::new();
    let mut lanes: BTreeMap<LaneId, Vec<SignedOperation>> = BTreeMap::new();
    for operation in operations {
        let lane = operation.link().lane;
        if !order.contains(&lane) {
            order.push(lane);
        }
        lanes.entry(lane).or_default().push(operation.clone());
    }
    for lane in lanes.values() {
        let mut expected = Link::first(lane[0].link().lane);
        for operation in lane {
            assert_eq!(operation.link(), expected);
            expected = expected.next(operation.id()).unwrap();
        }
    }
    order.into_iter().filter_map(|lane| lanes.remove(&lane)).collect()
}

fn lengths(house: &mut House, channel: &str) -> Vec<usize> {
    lanes(&house.accepted(channel)).iter().map(Vec::len).collect()
}

/// Somebody alone with a channel, which was opened with another state directory, so that its messages have lanes of their own.
fn talker(house: &House) -> (Person, String) {
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let elsewhere = Person { state: house.path("elsewhere"), ..alice.clone() };
    let channel = house.run(&elsewhere, &["channel", "open", "tea"]).expect_success().line();
    (alice, channel)
}

#[test]
fn messages_of_one_person_in_one_channel_are_one_lane() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    for text in ["one", "two", "three"] {
        house.say(&alice, &channel, text).expect_success();
    }
    assert_eq!(lengths(&mut house, &channel), [3]);
}

#[test]
fn a_copied_identity_starts_a_new_lane() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    house.say(&alice, &channel, "one").expect_success();
    house.say(&alice, &channel, "two").expect_success();
    house.say(&alice.with_copied_identity(), &channel, "three").expect_success();
    assert_eq!(lengths(&mut house, &channel), [2, 1]);
}

#[test]
fn a_restored_outbox_starts_a_new_lane() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    house.say(&alice, &channel, "one").expect_success();
    let backup = fs::read(alice.outbox()).unwrap();
    house.say(&alice, &channel, "two").expect_success();
    // As a backup restores a file: in the place of the other, under its name.
    fs::write(alice.outbox().with_extension("restored"), backup).unwrap();
    fs::rename(alice.outbox().with_extension("restored"), alice.outbox()).unwrap();
    house.say(&alice, &channel, "three").expect_success();
    house.say(&alice, &channel, "four").expect_success();
    assert_eq!(lengths(&mut house, &channel), [2, 2]);
}

#[test]
fn a_backup_that_is_copied_into_the_state_directory_starts_a_new_lane() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    house.say(&alice, &channel, "one").expect_success();
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").args(["-r", "--preserve=timestamps"]).arg(from.join(".")).arg(to).status();
        assert!(status.unwrap().success());
    };
    let backup = house.path("backup");
    fs::create_dir(&backup).unwrap();
    copy(&alice.state, &backup);
    house.say(&alice, &channel, "two").expect_success();
    // Into the same files: they keep their inodes, and everything in the directory is as old as the outbox.
    let inode = fs::metadata(alice.outbox()).unwrap().ino();
    copy(&backup, &alice.state);
    assert_eq!(fs::metadata(alice.outbox()).unwrap().ino(), inode);
    house.say(&alice, &channel, "three").expect_success();
    house.say(&alice, &channel, "four").expect_success();
    assert_eq!(lengths(&mut house, &channel), [2, 2]);
}

#[test]
fn a_copied_state_directory_starts_a_new_lane() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    house.say(&alice, &channel, "one").expect_success();
    let copy = Person { state: house.path("copy"), ..alice.clone() };
    let status = Command::new("cp").arg("-a").arg(&alice.state).arg(&copy.state).status().unwrap();
    assert!(status.success());
    house.say(&copy, &channel, "from the copy").expect_success();
    house.say(&alice, &channel, "from the original").expect_success();
    assert_eq!(lengths(&mut house, &channel), [2, 1]);
}

#[test]
fn after_a_damaged_outbox_a_new_lane_starts() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    house.say(&alice, &channel, "one").expect_success();
    house.say(&alice, &channel, "two").expect_success();
    let whole = fs::read(alice.outbox()).unwrap();
    // The file ends in an acknowledgement of 41 bytes after the operation; cut into either.
    for cut in [1, 60] {
        fs::OpenOptions::new().write(true).open(alice.outbox()).unwrap().set_len(whole.len() as u64 - cut).unwrap();
        house.say(&alice, &channel, "again").expect_success();
        house.say(&alice, &channel, "and on").expect_success();
    }
    let lengths = lengths(&mut house, &channel);
    assert_eq!(lengths, [2, 2, 2], "no lane goes on with what may have been lost");
}

#[test]
fn stamps_are_above_everything_seen() {
    let mut house = House::new();
    let (alice, channel) = talker(&house);
    let texts = ["one", "two", "three", "four"];
    texts.iter().for_each(|text| drop(house.say(&alice, &channel, text).expect_success()));
    assert_eq!(house.texts(&alice, &channel), texts);
    let accepted = house.accepted(&channel);
    assert!(accepted.is_sorted_by(|a, b| a.timestamp() < b.timestamp()));
}
