//! `channel.epoch` needs the right to manage. It opens an epoch or, naming a known key id, adds wraps.

use dmpc::{Permissions, Rights};
use dmpc_storage::{
    Missing, Rejection,
    projection::{Register, Value},
};

use super::{Story, specify};
use crate::support::operations::{Room, at};

/// Alice opens a channel with bob as a member; three operations.
fn room_with_bob(story: &mut Story, rights: Rights) -> Room {
    story.created("alice", Permissions::CHANNEL_ADD, at(1));
    story.created("bob", Permissions::NONE, at(2));
    story.opened("alice", &[("bob", rights)], at(3))
}

fn current(room: &Room) -> Value {
    Value::Key(*room.key.key_id().as_bytes())
}

#[test]
fn an_epoch_needs_the_right_to_manage() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL.without(Rights::MANAGE));
        story.rejected(Rejection::RightMissing, |cast| cast.epoch("bob", &room, &["bob"], at(4)).0);
        story.rejected(Rejection::RightMissing, |cast| cast.rewrap("bob", &room, &["bob"], at(5)));
        story.ends_with(Register::ChannelCurrentEpoch(room.id), current(&room));
    });
    specify(|story| {
        let room = room_with_bob(story, Rights::MANAGE);
        let (epoch, next) = story.cast.epoch("bob", &room, &["alice"], at(4));
        story.applied(|_| epoch);
        story.ends_with(Register::ChannelCurrentEpoch(room.id), current(&next));
    });
}

#[test]
fn a_message_names_an_epoch_that_was_opened_before_it() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (epoch, next) = story.cast.epoch("alice", &room, &["bob"], at(5));
        story.pending(Missing::Epoch, |cast| cast.message("bob", &next, "too early", at(4)));
        story.applied(|_| epoch);
        story.applied(|cast| cast.message("bob", &next, "in time", at(6)));
    });
}

#[test]
fn a_message_may_name_any_epoch_before_it() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (epoch, next) = story.cast.epoch("alice", &room, &["bob"], at(4));
        story.applied(|_| epoch);
        story.applied(|cast| cast.message("bob", &room, "the first", at(5)));
        story.applied(|cast| cast.message("bob", &next, "the second", at(6)));
    });
}

#[test]
fn an_epoch_that_is_rejected_is_not_there() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (epoch, next) = story.cast.epoch("bob", &room, &["bob"], at(4));
        story.rejected(Rejection::RightMissing, |_| epoch);
        story.pending(Missing::Epoch, |cast| cast.message("bob", &next, "", at(5)));
    });
}

#[test]
fn naming_a_known_epoch_adds_wraps_and_leaves_the_current_one() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (epoch, next) = story.cast.epoch("alice", &room, &[], at(4));
        story.applied(|_| epoch);
        story.applied(|cast| cast.rewrap("alice", &next, &["bob"], at(5)));
        story.applied(|cast| cast.rewrap("alice", &room, &["bob"], at(6)));
        story.ends_with(Register::ChannelCurrentEpoch(room.id), current(&next));
    });
}

#[test]
fn whoever_manages_may_continue_an_epoch_of_somebody_else() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL);
        let (epoch, next) = story.cast.epoch("alice", &room, &["alice"], at(4));
        story.applied(|_| epoch);
        story.applied(|cast| cast.rewrap("bob", &next, &["bob"], at(5)));
        story.ends_with(Register::ChannelCurrentEpoch(room.id), current(&next));
    });
}

#[test]
fn whoever_managed_once_continues_no_epoch() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL);
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.rewrap("bob", &room, &["bob"], at(6)));
        // What it signed while it managed stays.
        story.applied(|cast| cast.rewrap("bob", &room, &["bob"], at(4)));
    });
}

#[test]
fn a_wrap_for_one_who_is_no_member_gives_no_right() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        story.created("carol", Permissions::NONE, at(4));
        let (epoch, next) = story.cast.epoch("alice", &room, &["alice", "bob", "carol"], at(5));
        story.applied(|_| epoch);
        story.rejected(Rejection::RightMissing, |cast| cast.message("carol", &next, "let me in", at(6)));
        story.applied(|cast| cast.members("alice", &next, &[("carol", Rights::WRITE)], &[], at(7)));
        story.applied(|cast| cast.message("carol", &next, "thank you", at(8)));
    });
}

#[test]
fn of_two_operations_with_one_key_id_the_lesser_key_opens_the_epoch() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (later, next) = story.cast.epoch("alice", &room, &["bob"], at(6));
        story.applied(|_| later);
        story.applied(|cast| cast.message("bob", &next, "between", at(5)));
        story.applied(|cast| cast.rewrap("alice", &next, &["bob"], at(4)));
    });
}

#[test]
fn the_epoch_opened_last_is_current_whatever_arrives_last() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let (third, last) = story.cast.epoch("alice", &room, &[], at(5));
        let (second, _) = story.cast.epoch("alice", &room, &[], at(4));
        story.applied(|_| third);
        story.applied(|_| second);
        story.ends_with(Register::ChannelCurrentEpoch(room.id), current(&last));
    });
}

#[test]
fn an_epoch_belongs_to_one_channel() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let other = story.opened("alice", &[], at(4));
        let mixed = Room { id: room.id, key: other.key };
        story.pending(Missing::Epoch, |cast| cast.message("bob", &mixed, "", at(5)));
    });
}

#[test]
fn an_epoch_of_a_channel_that_nothing_opens_is_waited_for() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let (open, room) = story.cast.open("alice", "room", &[], at(3));
        let (early, next) = story.cast.epoch("alice", &room, &[], at(2));
        story.pending(Missing::Channel, |_| early);
        story.applied(|_| open);
        story.pending(Missing::Epoch, |cast| cast.message("alice", &next, "", at(4)));
    });
}
