//! `user.update` of permissions and of the display name. Permissions: user.permissions_update, and those that are written.
//! The name: to be the subject, or user.permissions_update.

use dmpc::{Permissions, kinds::FieldWrite};
use dmpc_storage::{
    Missing, Rejection,
    projection::{Register, Value},
};

use super::specify;
use crate::support::operations::at;

const ADD: Permissions = Permissions::CHANNEL_ADD;
const UPDATE: Permissions = Permissions::USER_PERMISSIONS_UPDATE;

fn name(text: &str) -> FieldWrite {
    FieldWrite::DisplayName(text.to_owned())
}

#[test]
fn permissions_need_user_permissions_update() {
    specify(|story| {
        story.created("alice", Permissions::ALL.without(UPDATE), at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.update("alice", "bob", &[FieldWrite::Grant(ADD)], at(3))
        });
        story.applied(|cast| cast.update("root", "bob", &[FieldWrite::Grant(ADD)], at(4)));
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.update("alice", "bob", &[FieldWrite::Revoke(ADD)], at(5))
        });
    });
}

#[test]
fn the_subject_itself_needs_user_permissions_update() {
    specify(|story| {
        story.created("alice", ADD, at(1));
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.update("alice", "alice", &[FieldWrite::Grant(Permissions::ALL)], at(2))
        });
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.update("alice", "alice", &[FieldWrite::Revoke(ADD)], at(3))
        });
    });
}

#[test]
fn nobody_grants_or_revokes_what_it_lacks() {
    specify(|story| {
        story.created("alice", UPDATE.union(ADD), at(1));
        story.created("bob", Permissions::USER_ADD, at(2));
        for (millis, write) in [
            (3, FieldWrite::Grant(Permissions::USER_READ)),
            (4, FieldWrite::Grant(ADD.union(Permissions::USER_READ))),
            (5, FieldWrite::Revoke(Permissions::USER_ADD)),
        ] {
            story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", &[write], at(millis)));
        }
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Grant(ADD.union(UPDATE))], at(6)));
        story.rejected(Rejection::Attenuation, |cast| {
            cast.update("alice", "alice", &[FieldWrite::Grant(Permissions::USER_READ)], at(7))
        });
    });
}

#[test]
fn what_is_held_may_be_revoked_from_somebody_who_holds_more() {
    specify(|story| {
        story.created("alice", UPDATE.union(ADD), at(1));
        story.created("bob", Permissions::ALL, at(2));
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Revoke(ADD)], at(3)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("bob", "room", &[], at(4)).0);
    });
}

#[test]
fn a_permission_holds_from_its_grant_to_its_revocation() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "early", &[], at(2)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Grant(ADD)], at(3)));
        story.applied(|cast| cast.open("alice", "in time", &[], at(4)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Revoke(ADD)], at(5)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "late", &[], at(6)).0);
    });
}

#[test]
fn a_grant_outlives_the_permissions_of_its_grantor() {
    specify(|story| {
        story.created("alice", UPDATE.union(ADD), at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Grant(ADD)], at(3)));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Revoke(UPDATE.union(ADD))], at(4)));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(false)], at(5)));
        story.applied(|cast| cast.open("bob", "room", &[], at(6)).0);
    });
}

#[test]
fn a_grant_after_its_grantor_lost_the_permission_is_rejected_with_all_that_rests_on_it() {
    specify(|story| {
        story.created("alice", UPDATE.union(ADD), at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Revoke(ADD)], at(3)));
        story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", &[FieldWrite::Grant(ADD)], at(4)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("bob", "room", &[], at(5)).0);
    });
}

#[test]
fn permissions_of_a_root_are_written_by_that_root_alone() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.rejected(Rejection::RootFixed, |cast| cast.update("alice", "root", &[FieldWrite::Revoke(ADD)], at(2)));
        story.applied(|cast| cast.update("root", "root", &[FieldWrite::Revoke(ADD)], at(3)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("root", "room", &[], at(4)).0);
    });
}

#[test]
fn permissions_of_somebody_whom_nothing_creates_are_waited_for() {
    specify(|story| {
        story.pending(Missing::Subject, |cast| cast.update("root", "alice", &[FieldWrite::Grant(ADD)], at(1)));
        story.created("alice", Permissions::NONE, at(2));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "room", &[], at(3)).0);
    });
}

#[test]
fn a_name_is_written_by_the_subject_or_with_user_permissions_update() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.created("bob", UPDATE, at(2));
        story.created("carol", Permissions::ALL.without(UPDATE), at(3));
        story.applied(|cast| cast.update("alice", "alice", &[name("Alice")], at(4)));
        story.applied(|cast| cast.update("bob", "alice", &[name("Alice B.")], at(5)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.update("carol", "alice", &[name("A")], at(6)));
        story.applied(|cast| cast.update("carol", "carol", &[name("Carol")], at(7)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("Alice B.".into()));
        story.ends_with(Register::UserName(story.user("carol")), Value::Text("Carol".into()));
    });
}

#[test]
fn the_name_of_a_root_is_written_by_that_root_alone() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.rejected(Rejection::RootFixed, |cast| cast.update("alice", "root", &[name("Mallory")], at(2)));
        story.applied(|cast| cast.update("root", "root", &[name("Root")], at(3)));
    });
}
