//! A further epoch is due when somebody who could read under the current one cannot any more, whatever the order in which the
//! operations came.

use dmpc::{Rights, VerifiedOperation};

use crate::support::{house::House, operations::at};

const READS: Rights = Rights::READ.union(Rights::WRITE);

/// A room in which bob reads and writes.
fn house() -> House {
    House::new(READS)
}

impl House {
    fn apply(&mut self, operation: &VerifiedOperation) {
        self.commit(std::slice::from_ref(operation));
    }

    fn members(&mut self, set: &[(&str, Rights)], remove: &[&str], millis: u64) -> VerifiedOperation {
        let room = self.room.clone();
        self.cast.members("alice", &room, set, remove, at(millis))
    }

    #[track_caller]
    fn expect_due(&self, due: bool) {
        assert_eq!(self.reader.epoch_due(&self.room.id).unwrap(), due);
    }
}

#[test]
fn an_epoch_is_due_from_the_removal_of_a_reader_to_the_next_epoch() {
    let mut house = house();
    house.expect_due(false);
    let removal = house.members(&[], &["bob"], 20);
    house.apply(&removal);
    house.expect_due(true);
    let room = house.room.clone();
    let (epoch, _) = house.cast.epoch("alice", &room, &["alice"], at(30));
    house.apply(&epoch);
    house.expect_due(false);
}

#[test]
fn an_epoch_is_due_when_a_reader_leaves_by_itself() {
    let mut house = house();
    let room = house.room.clone();
    let leaves = house.cast.members("bob", &room, &[], &["bob"], at(20));
    house.apply(&leaves);
    house.expect_due(true);
}

#[test]
fn an_epoch_is_due_when_reading_is_taken_away() {
    let mut house = house();
    let change = house.members(&[("bob", Rights::WRITE)], &[], 20);
    house.apply(&change);
    house.expect_due(true);
}

#[test]
fn no_epoch_is_due_when_one_who_never_read_goes_or_another_right_is_taken() {
    let mut house = house();
    for (set, millis) in [([("carol", Rights::WRITE)], 20), ([("bob", Rights::READ)], 21)] {
        let change = house.members(&set, &[], millis);
        house.apply(&change);
    }
    let removal = house.members(&[], &["carol"], 22);
    house.apply(&removal);
    house.expect_due(false);
}

#[test]
fn no_epoch_is_due_for_one_who_came_back() {
    let mut house = house();
    let (gone, back) = (house.members(&[], &["bob"], 20), house.members(&[("bob", READS)], &[], 30));
    house.apply(&gone);
    house.apply(&back);
    house.expect_due(false);
}

#[test]
fn an_epoch_is_due_for_one_who_came_and_went_under_the_current_one() {
    let mut house = house();
    let (added, gone) = (house.members(&[("carol", READS)], &[], 20), house.members(&[], &["carol"], 30));
    house.apply(&added);
    house.apply(&gone);
    house.expect_due(true);
}

#[test]
fn wraps_added_to_the_current_epoch_leave_an_epoch_due() {
    let mut house = house();
    let removal = house.members(&[], &["bob"], 20);
    house.apply(&removal);
    let room = house.room.clone();
    let continued = house.cast.rewrap("alice", &room, &["alice"], at(30));
    house.apply(&continued);
    house.expect_due(true);
}

#[test]
fn an_epoch_that_was_wrapped_for_one_who_could_not_read_any_more_leaves_an_epoch_due() {
    let mut house = house();
    let removal = house.members(&[], &["bob"], 20);
    let room = house.room.clone();
    // Made by somebody who did not know of the removal yet.
    let (blind, next) = house.cast.epoch("alice", &room, &["alice", "bob"], at(30));
    house.apply(&removal);
    house.apply(&blind);
    house.expect_due(true);
    let (epoch, _) = house.cast.epoch("alice", &next, &["alice"], at(40));
    house.apply(&epoch);
    house.expect_due(false);
}

#[test]
fn what_arrives_late_counts_at_its_place() {
    let mut house = house();
    let before = house.members(&[], &["bob"], 20);
    let room = house.room.clone();
    let (epoch, next) = house.cast.epoch("alice", &room, &["alice"], at(30));
    let between = house.members(&[("carol", READS)], &[], 25);
    let after = house.cast.members("alice", &next, &[], &["carol"], at(40));
    house.apply(&epoch);
    house.apply(&before);
    house.expect_due(false);
    house.apply(&after);
    house.expect_due(false);
    house.apply(&between);
    house.expect_due(true);
}
