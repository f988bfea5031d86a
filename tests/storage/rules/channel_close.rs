//! `channel.close` needs the right to close. The earliest valid one counts; it is final.

use dmpc::{OpKey, Permissions, Rights};
use dmpc_storage::{
    Missing, Rejection, Verdict,
    projection::{Register, Value},
};

use super::{Story, channel_open::Opening, specify};
use crate::support::operations::{Room, at};

/// Alice opens a channel with bob as a member; three operations.
fn room_with_bob(story: &mut Story, rights: Rights) -> Room {
    story.created("alice", Permissions::CHANNEL_ADD, at(1));
    story.created("bob", Permissions::NONE, at(2));
    story.opened("alice", &[("bob", rights)], at(3))
}

#[test]
fn a_close_needs_the_right_to_close() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL.without(Rights::CLOSE));
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(4)));
        story.applied(|cast| cast.message("alice", &room, "open", at(5)));
        story.ends_with(Register::ChannelClosed(room.id), None);
    });
    specify(|story| {
        let room = room_with_bob(story, Rights::CLOSE);
        story.applied(|cast| cast.close("bob", &room, at(4)));
        story.ends_with(Register::ChannelClosed(room.id), Value::Mark);
    });
}

#[test]
fn nothing_happens_in_a_closed_channel() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL);
        story.applied(|cast| cast.close("alice", &room, at(4)));
        let closed = Rejection::ChannelClosed;
        story.rejected(closed, |cast| cast.message("bob", &room, "", at(5)));
        story.rejected(closed, |cast| cast.members("alice", &room, &[("carol", Rights::READ)], &[], at(6)));
        story.rejected(closed, |cast| cast.members("bob", &room, &[], &["bob"], at(7)));
        story.rejected(closed, |cast| cast.epoch("alice", &room, &["bob"], at(8)).0);
        story.rejected(closed, |cast| cast.rewrap("alice", &room, &["bob"], at(9)));
        story.rejected(closed, |cast| cast.close("bob", &room, at(10)));
    });
}

#[test]
fn what_stands_before_the_close_stays() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        story.applied(|cast| cast.close("alice", &room, at(6)));
        story.applied(|cast| cast.message("bob", &room, "in time", at(4)));
        story.applied(|cast| cast.members("bob", &room, &[], &["bob"], at(5)));
        story.ends_with(Register::ChannelMember(room.id, story.user("bob")), Value::Rights(Rights::NONE));
    });
}

#[test]
fn the_earliest_valid_close_counts() {
    specify(|story| {
        let room = room_with_bob(story, Rights::CLOSE.union(Rights::WRITE));
        story.rejected(Rejection::ChannelClosed, |cast| cast.close("alice", &room, at(8)));
        story.rejected(Rejection::ChannelClosed, |cast| cast.message("bob", &room, "between", at(7)));
        story.applied(|cast| cast.close("bob", &room, at(6)));
        story.applied(|cast| cast.message("bob", &room, "before", at(5)));
    });
}

#[test]
fn a_close_that_is_not_valid_leaves_the_next_one_to_count() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(4)));
        story.applied(|cast| cast.message("bob", &room, "still open", at(5)));
        story.applied(|cast| cast.close("alice", &room, at(6)));
        story.rejected(Rejection::ChannelClosed, |cast| cast.message("bob", &room, "too late", at(7)));
    });
}

#[test]
fn a_closed_channel_is_not_opened_again() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let opening = Opening::by(&mut story.cast, "alice");
        story.applied(|cast| opening.sign(cast, "alice", at(2)));
        let room = Room { id: opening.channel, key: dmpc::seal::EpochKey::generate(story.cast.rng()) };
        story.applied(|cast| cast.close("alice", &room, at(3)));
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(4)));
    });
}

#[test]
fn a_close_closes_one_channel() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL);
        let other = story.opened("alice", &[], at(4));
        story.applied(|cast| cast.close("alice", &room, at(5)));
        story.applied(|cast| cast.message("alice", &other, "", at(6)));
    });
}

#[test]
fn a_close_of_a_channel_that_nothing_opens_is_waited_for_and_does_not_close_it() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let (open, room) = story.cast.open("alice", "room", &[], at(3));
        story.pending(Missing::Channel, |cast| cast.close("alice", &room, at(2)));
        story.applied(|_| open);
        story.applied(|cast| cast.message("alice", &room, "", at(4)));
    });
}

#[test]
fn at_the_same_time_the_lesser_id_comes_first() {
    for text in ["one", "another", "a third", "a fourth", "a fifth"] {
        specify(|story| {
            let room = room_with_bob(story, Rights::WRITE);
            let close = story.cast.close("alice", &room, at(4));
            let message = story.cast.message("bob", &room, text, at(4));
            let is_before = |key: OpKey| key < close.key();
            let late = Verdict::Rejected(Rejection::ChannelClosed);
            let verdict = if is_before(message.key()) { Verdict::Applied } else { late };
            story.applied(|_| close);
            story.expect(verdict, |_| message);
        });
    }
}
