//! Issuer and certifier: both known, both active, at that point of the order.

use dmpc::{Permissions, Rights, kinds::FieldWrite};
use dmpc_storage::{Missing, Rejection};

use super::specify;
use crate::support::operations::at;

const OFF: &[FieldWrite] = &[FieldWrite::Active(false)];
const ON: &[FieldWrite] = &[FieldWrite::Active(true)];

#[test]
fn a_deactivated_certifier_certifies_nothing_until_it_is_active_again() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.applied(|cast| cast.open("alice", "before", &[], at(2)).0);
        story.applied(|cast| cast.update("root", "alice", OFF, at(3)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.open("alice", "meanwhile", &[], at(4)).0);
        story.applied(|cast| cast.update("root", "alice", ON, at(5)));
        story.applied(|cast| cast.open("alice", "after", &[], at(6)).0);
    });
}

#[test]
fn a_deactivated_issuer_issues_nothing() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.applied(|cast| cast.open(("alice", "root"), "before", &[], at(2)).0);
        story.applied(|cast| cast.update("root", "alice", OFF, at(3)));
        story.rejected(Rejection::IssuerInactive, |cast| cast.open(("alice", "root"), "after", &[], at(4)).0);
        story.rejected(Rejection::IssuerInactive, |cast| cast.open(("alice", "root", at(5)), "late", &[], at(2)).0);
    });
}

#[test]
fn a_deactivated_user_does_not_activate_itself() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.applied(|cast| cast.update("alice", "alice", OFF, at(2)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.update("alice", "alice", ON, at(3)));
        story.applied(|cast| cast.update("root", "alice", ON, at(4)));
        story.applied(|cast| cast.update("alice", "alice", OFF, at(5)));
    });
}

#[test]
fn a_root_that_deactivates_itself_is_out() {
    specify(|story| {
        story.trust("carol");
        story.applied(|cast| cast.update("root", "root", OFF, at(1)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.create("root", "alice", Permissions::NONE, "", at(2)));
        story.rejected(Rejection::RootFixed, |cast| cast.update("carol", "root", ON, at(3)));
        story.applied(|cast| cast.create("carol", "alice", Permissions::NONE, "", at(4)));
    });
}

#[test]
fn what_a_user_did_before_stays_when_it_is_deactivated() {
    specify(|story| {
        story.created("alice", Permissions::USER_ADD.union(Permissions::CHANNEL_ADD), at(1));
        story.applied(|cast| cast.create("alice", "bob", Permissions::CHANNEL_ADD, "", at(2)));
        let room = story.opened("alice", &[("bob", Rights::ALL)], at(3));
        story.applied(|cast| cast.update("root", "alice", OFF, at(4)));
        story.applied(|cast| cast.message("bob", &room, "still here", at(5)));
        story.applied(|cast| cast.open("bob", "room", &[], at(6)).0);
        story.rejected(Rejection::CertifierInactive, |cast| cast.message("alice", &room, "too late", at(7)));
    });
}

#[test]
fn an_unknown_certifier_is_waited_for() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.pending(Missing::Certifier, |cast| cast.open(("alice", "bob"), "room", &[], at(2)).0);
        story.pending(Missing::Certifier, |cast| cast.open(("carol", "bob"), "room", &[], at(3)).0);
        story.pending(Missing::Certifier, |cast| cast.update("bob", "alice", OFF, at(4)));
    });
}

#[test]
fn an_unknown_issuer_is_waited_for() {
    specify(|story| {
        story.pending(Missing::Issuer, |cast| cast.open(("alice", "root"), "room", &[], at(1)).0);
        story.created("alice", Permissions::NONE, at(2));
        story.applied(|cast| cast.open(("alice", "root"), "room", &[], at(3)).0);
    });
}

#[test]
fn the_permissions_of_the_certifier_count_and_not_those_of_the_issuer() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open(("alice", "bob"), "room", &[], at(3)).0);
        story.applied(|cast| cast.open(("bob", "alice"), "room", &[], at(4)).0);
    });
}
