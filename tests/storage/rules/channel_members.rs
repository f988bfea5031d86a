//! `channel.members` needs the right to manage, which grants any of the four; a member may always remove itself; members need
//! not be known users yet.

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

#[test]
fn members_are_changed_by_those_who_manage() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL.without(Rights::MANAGE));
        let set = [("carol", Rights::READ)];
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &set, &[], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[], &["alice"], at(5)));
        story.applied(|cast| cast.members("alice", &room, &set, &[], at(6)));
    });
    specify(|story| {
        let room = room_with_bob(story, Rights::MANAGE);
        story.applied(|cast| cast.members("bob", &room, &[("carol", Rights::READ)], &[], at(4)));
        story.applied(|cast| cast.members("bob", &room, &[], &["alice"], at(5)));
    });
}

#[test]
fn a_manager_grants_rights_that_it_does_not_hold() {
    specify(|story| {
        let room = room_with_bob(story, Rights::MANAGE);
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(4)));
        story.applied(|cast| cast.members("bob", &room, &[("bob", Rights::ALL)], &[], at(5)));
        story.applied(|cast| cast.message("bob", &room, "", at(6)));
        story.applied(|cast| cast.close("bob", &room, at(7)));
    });
}

#[test]
fn global_permissions_are_no_rights_in_a_channel() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        story.rejected(Rejection::RightMissing, |cast| cast.members("root", &room, &[], &["bob"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("root", &room, "", at(5)));
    });
}

#[test]
fn a_member_may_always_remove_itself() {
    for right in [Rights::READ, Rights::WRITE, Rights::CLOSE, Rights::MANAGE] {
        specify(|story| {
            let room = room_with_bob(story, right);
            story.applied(|cast| cast.members("bob", &room, &[], &["bob"], at(4)));
            story.ends_with(Register::ChannelMember(room.id, story.user("bob")), Value::Rights(Rights::NONE));
        });
    }
}

#[test]
fn who_removes_itself_removes_nobody_else_and_sets_nobody() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[], &["alice", "bob"], at(4)));
        let set = [("carol", Rights::READ)];
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &set, &["bob"], at(5)));
        story.ends_with(Register::ChannelMember(room.id, story.user("bob")), Value::Rights(Rights::READ));
    });
}

#[test]
fn who_is_no_member_has_nothing_to_leave() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        story.applied(|cast| cast.members("bob", &room, &[], &["bob"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[], &["bob"], at(5)));
    });
}

#[test]
fn a_removed_member_has_no_right_from_then_on() {
    specify(|story| {
        let room = room_with_bob(story, Rights::ALL);
        story.applied(|cast| cast.message("bob", &room, "before", at(4)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "after", at(6)));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[("bob", Rights::ALL)], &[], at(7)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(8)));
    });
}

#[test]
fn rights_that_are_set_replace_those_that_were_held() {
    specify(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::CLOSE)], &[], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(5)));
        story.applied(|cast| cast.close("bob", &room, at(6)));
    });
}

#[test]
fn a_member_need_not_be_a_known_user() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let room = story.opened("alice", &[("bob", Rights::WRITE)], at(2));
        story.applied(|cast| cast.members("alice", &room, &[("carol", Rights::WRITE)], &[], at(3)));
        story.pending(Missing::Certifier, |cast| cast.message("carol", &room, "too early", at(4)));
        story.created("carol", Permissions::NONE, at(5));
        story.applied(|cast| cast.message("carol", &room, "now", at(6)));
        story.created("bob", Permissions::NONE, at(7));
        story.applied(|cast| cast.message("bob", &room, "now", at(8)));
    });
}

#[test]
fn somebody_who_never_was_a_member_may_be_removed() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        story.applied(|cast| cast.members("alice", &room, &[], &["carol"], at(4)));
    });
}

#[test]
fn a_channel_may_lose_its_last_manager() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        story.applied(|cast| cast.members("alice", &room, &[], &["alice"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| {
            cast.members("alice", &room, &[("alice", Rights::ALL)], &[], at(5))
        });
    });
}

#[test]
fn members_of_a_channel_that_nothing_opens_are_waited_for() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let (open, room) = story.cast.open("alice", "room", &[], at(3));
        story.pending(Missing::Channel, |cast| cast.members("alice", &room, &[("bob", Rights::READ)], &[], at(2)));
        story.applied(|_| open);
        story.ends_with(Register::ChannelMember(room.id, story.user("bob")), None);
    });
}

#[test]
fn members_of_one_channel_are_no_members_of_another() {
    specify(|story| {
        room_with_bob(story, Rights::ALL);
        let other = story.opened("alice", &[], at(4));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &other, "", at(5)));
    });
}

#[test]
fn the_rights_of_the_certifier_count_and_not_those_of_the_issuer() {
    specify(|story| {
        let room = room_with_bob(story, Rights::READ);
        let set = [("carol", Rights::READ)];
        story.applied(|cast| cast.members(("bob", "alice"), &room, &set, &[], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.members(("alice", "bob"), &room, &set, &[], at(5)));
    });
}
