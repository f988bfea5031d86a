//! `channel.message` needs the right to write, in an open channel, where it stands.

use dmpc::{Permissions, Rights};
use dmpc_storage::{Missing, Rejection};

use super::specify;
use crate::support::operations::at;

#[test]
fn a_message_needs_the_right_to_write() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[("bob", Rights::ALL.without(Rights::WRITE))], at(3));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(4)));
        story.applied(|cast| cast.message("alice", &room, "", at(5)));
    });
}

#[test]
fn the_right_to_write_is_enough() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[("bob", Rights::WRITE)], at(3));
        story.applied(|cast| cast.message("bob", &room, "", at(4)));
    });
}

#[test]
fn a_message_to_a_channel_that_nothing_opens_is_waited_for() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let (open, room) = story.cast.open("alice", "room", &[], at(3));
        story.pending(Missing::Channel, |cast| cast.message("alice", &room, "too early", at(2)));
        story.applied(|_| open);
        let (_, never) = story.cast.open("alice", "room", &[], at(4));
        story.pending(Missing::Channel, |cast| cast.message("alice", &never, "", at(5)));
    });
}

#[test]
fn a_message_is_judged_where_it_stands_and_not_when_it_arrives() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[], at(3));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(4)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::WRITE)], &[], at(5)));
        story.applied(|cast| cast.message("bob", &room, "", at(6)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(7)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(8)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::ALL)], &[], at(9)));
        story.applied(|cast| cast.message("bob", &room, "", at(10)));
    });
}

#[test]
fn a_message_may_be_issued_by_somebody_without_rights() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[], at(3));
        story.applied(|cast| cast.message(("bob", "alice"), &room, "", at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.message(("alice", "bob"), &room, "", at(5)));
    });
}

#[test]
fn messages_write_nothing_that_later_operations_see() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let room = story.opened("alice", &[], at(2));
        story.applied(|cast| cast.message("alice", &room, "the same", at(3)));
        story.applied(|cast| cast.message("alice", &room, "the same", at(3)));
        story.applied(|cast| cast.message("alice", &room, "the same", at(3)));
    });
}
