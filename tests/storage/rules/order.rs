//! The order of everything: fields are last-writer-wins each, in the order of keys; rights are judged where they are used.

use dmpc::{Permissions, Rights, kinds::FieldWrite};
use dmpc_storage::{
    Rejection,
    projection::{Register, Value},
};

use super::specify;
use crate::support::operations::at;

fn name(text: &str) -> FieldWrite {
    FieldWrite::DisplayName(text.to_owned())
}

#[test]
fn the_last_writer_of_a_field_wins_whatever_arrives_last() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.applied(|cast| cast.update("alice", "alice", &[name("third")], at(4)));
        story.applied(|cast| cast.update("root", "alice", &[name("first")], at(2)));
        story.applied(|cast| cast.update("alice", "alice", &[name("second")], at(3)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("third".into()));
    });
}

#[test]
fn fields_are_written_each_on_its_own() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let grant = |permissions| [FieldWrite::Grant(permissions)];
        story.applied(|cast| cast.update("root", "alice", &grant(Permissions::USER_READ), at(2)));
        story.applied(|cast| cast.update("alice", "alice", &[name("Alice")], at(3)));
        story.applied(|cast| cast.update("root", "alice", &grant(Permissions::CHANNEL_READ), at(4)));
        let revoke = [FieldWrite::Revoke(Permissions::USER_READ)];
        story.applied(|cast| cast.update("root", "alice", &revoke, at(5)));
        let user = story.user("alice");
        story.ends_with(Register::UserName(user), Value::Text("Alice".into()));
        story.ends_with(Register::UserPermission(user, Permissions::CHANNEL_READ.bits()), Value::Flag(true));
        story.ends_with(Register::UserPermission(user, Permissions::USER_READ.bits()), Value::Flag(false));
    });
}

#[test]
fn of_two_writers_at_the_same_time_the_greater_id_wins() {
    for text in ["one", "another", "a third", "a fourth", "a fifth"] {
        specify(|story| {
            story.created("alice", Permissions::NONE, at(1));
            let fixed = story.cast.update("alice", "alice", &[name("fixed")], at(2));
            let varied = story.cast.update("root", "alice", &[name(text)], at(2));
            let last = if varied.key() > fixed.key() { text } else { "fixed" };
            story.ends_with(Register::UserName(story.user("alice")), Value::Text(last.into()));
            story.applied(|_| fixed);
            story.applied(|_| varied);
        });
    }
}

#[test]
fn a_member_outlives_the_right_of_whoever_made_it_one() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.created("carol", Permissions::NONE, at(3));
        let room = story.opened("alice", &[("bob", Rights::MANAGE)], at(4));
        story.applied(|cast| cast.members("bob", &room, &[("carol", Rights::WRITE)], &[], at(5)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(6)));
        story.applied(|cast| cast.message("carol", &room, "still a member", at(7)));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[], &["carol"], at(8)));
    });
}

#[test]
fn a_channel_outlives_the_permission_of_its_opener() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let room = story.opened("alice", &[], at(2));
        let revoke = [FieldWrite::Revoke(Permissions::CHANNEL_ADD)];
        story.applied(|cast| cast.update("root", "alice", &revoke, at(3)));
        story.applied(|cast| cast.message("alice", &room, "still open", at(4)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "another", &[], at(5)).0);
    });
}

#[test]
fn a_backdated_removal_takes_the_past_that_it_covers_and_no_more() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[("bob", Rights::ALL)], at(3));
        story.applied(|cast| cast.message("bob", &room, "before", at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "covered", at(6)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::ALL)], &[], at(7)));
        story.applied(|cast| cast.message("bob", &room, "after", at(8)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(5)));
    });
}

#[test]
fn two_who_remove_each_other_are_judged_in_order() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[("bob", Rights::MANAGE)], at(3));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[], &["alice"], at(5)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(4)));
    });
}
