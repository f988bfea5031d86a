//! Every order of arrival of stories in which operations on users decide over one another.

use dmpc::{
    Permissions, Rights,
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::Draft,
};
use dmpc_storage::{Missing, Rejection};

use super::specify_every_order;
use crate::support::operations::{Cast, at};

const ADD: Permissions = Permissions::CHANNEL_ADD;
const UPDATE: Permissions = Permissions::USER_PERMISSIONS_UPDATE;

#[test]
fn a_grantor_who_loses_its_permission() {
    let (kept, lost) = (Permissions::USER_READ, ADD);
    specify_every_order(|story| {
        story.created("alice", UPDATE.union(kept).union(lost), at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Grant(kept)], at(3)));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Revoke(lost)], at(4)));
        story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", &[FieldWrite::Grant(lost)], at(5)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("bob", "room", &[], at(6)).0);
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Revoke(kept)], at(7)));
    });
}

#[test]
fn rotations_one_upon_the_other() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice one", at(3)));
        story.applied(|cast| cast.rotate("alice", "alice", "alice two", at(5)));
        story.applied(|cast| cast.open("alice one", "room", &[], at(2)).0);
        story.applied(|cast| cast.open("alice two", "room", &[], at(4)).0);
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice one", "room", &[], at(4)).0);
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice two", "room", &[], at(6)).0);
    });
}

#[test]
fn two_rotations_from_one_key() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        story.created("bob", Permissions::ALL, at(2));
        story.applied(|cast| cast.rotate("bob", "alice", "alice one", at(3)));
        // The thief of the first key rotates later, and too late.
        let thief = |cast: &mut Cast| {
            let write = FieldWrite::EncryptionKey(cast.encryption_key("erin"));
            cast.update("alice one", "alice", &[write], at(4))
        };
        story.rejected(Rejection::CertifierKey, thief);
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice one", "room", &[], at(5)).0);
        story.applied(|cast| cast.rotate("alice", "alice", "alice two", at(6)));
        story.applied(|cast| cast.open("alice", "room", &[], at(7)).0);
    });
}

#[test]
fn a_chain_in_which_each_waits_for_the_one_before() {
    let both = Permissions::USER_ADD.union(ADD);
    specify_every_order(|story| {
        story.created("alice", both, at(1));
        story.applied(|cast| cast.create("alice", "bob", both, "", at(2)));
        story.applied(|cast| cast.create("bob", "carol", both, "", at(3)));
        story.applied(|cast| cast.create(("dave", "carol"), "dave", ADD, "", at(4)));
        let room = story.opened("dave", &[("carol", Rights::MANAGE)], at(5));
        let (epoch, next) = story.cast.epoch("carol", &room, &["dave"], at(6));
        story.applied(|_| epoch);
        story.applied(|cast| cast.message("dave", &next, "", at(7)));
    });
}

#[test]
fn a_chain_that_is_cut_at_its_root() {
    let both = Permissions::USER_ADD.union(ADD);
    specify_every_order(|story| {
        story.created("alice", both, at(1));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(false)], at(2)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.create("alice", "bob", both, "", at(3)));
        story.pending(Missing::Certifier, |cast| cast.create("bob", "carol", both, "", at(4)));
        let (open, room) = story.cast.open("carol", "room", &[], at(5));
        story.pending(Missing::Certifier, |_| open);
        story.pending(Missing::Certifier, |cast| cast.message("carol", &room, "", at(6)));
        story.pending(Missing::Channel, |cast| cast.message("root", &room, "", at(7)));
    });
}

#[test]
fn an_issue_whose_first_certification_fails() {
    specify_every_order(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.created("bob", ADD, at(2));
        let payload = UserUpdate::encode(&story.user("alice"), &[FieldWrite::Grant(ADD)]);
        let issue = story.cast.issue("alice", "bob", Draft::user(Kind::UserUpdate), at(3), |_| payload);
        story.rejected(Rejection::PermissionMissing, |cast| cast.certify("bob", &issue, at(4)));
        story.applied(|cast| cast.update("root", "bob", &[FieldWrite::Grant(UPDATE)], at(5)));
        story.applied(|cast| cast.certify("bob", &issue, at(6)));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("bob", &issue, at(7)));
        story.applied(|cast| cast.open("alice", "room", &[], at(8)).0);
    });
}

#[test]
fn creates_and_updates_of_one_user() {
    specify_every_order(|story| {
        story.applied(|cast| cast.create("root", "alice", ADD, "first", at(1)));
        story.applied(|cast| cast.open("alice", "room", &[], at(2)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Revoke(ADD)], at(3)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "room", &[], at(4)).0);
        story.applied(|cast| cast.create("root", "alice", ADD, "second", at(5)));
        story.applied(|cast| cast.open("alice", "room", &[], at(6)).0);
        let name = FieldWrite::DisplayName("third".to_owned());
        story.applied(|cast| cast.update("alice", "alice", &[name], at(7)));
    });
}

#[test]
fn a_user_who_goes_and_comes_back() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        let room = story.opened("alice", &[], at(2));
        story.applied(|cast| cast.update("alice", "alice", &[FieldWrite::Active(false)], at(3)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.message("alice", &room, "", at(4)));
        story.rejected(Rejection::IssuerInactive, |cast| cast.open(("alice", "root"), "room", &[], at(5)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(true)], at(6)));
        story.applied(|cast| cast.message("alice", &room, "", at(7)));
    });
}

#[test]
fn a_subject_that_comes_to_outrank_its_certifier() {
    specify_every_order(|story| {
        story.created("alice", Permissions::USER_REMOVE, at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.applied(|cast| cast.update("root", "bob", &[FieldWrite::Grant(ADD)], at(3)));
        story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", &[FieldWrite::Active(false)], at(4)));
        story.applied(|cast| cast.open("bob", "room", &[], at(5)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Grant(ADD)], at(6)));
        story.applied(|cast| cast.update("alice", "bob", &[FieldWrite::Active(false)], at(7)));
    });
}

#[test]
fn two_who_deactivate_each_other() {
    let off = [FieldWrite::Active(false)];
    specify_every_order(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.created("bob", Permissions::ALL, at(2));
        story.applied(|cast| cast.update("alice", "bob", &off, at(3)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.update("bob", "alice", &off, at(4)));
        story.rejected(Rejection::RootFixed, |cast| cast.update("alice", "root", &off, at(5)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.create("bob", "carol", ADD, "", at(6)));
        story.applied(|cast| cast.create("alice", "carol", ADD, "", at(7)));
    });
}

#[test]
fn an_invitation_and_what_the_invited_does() {
    specify_every_order(|story| {
        story.created("alice", Permissions::USER_ADD.union(ADD), at(1));
        let room = story.opened("alice", &[("bob", Rights::WRITE)], at(2));
        story.pending(Missing::Certifier, |cast| cast.message("bob", &room, "too early", at(3)));
        story.applied(|cast| cast.create(("bob", "alice", at(5)), "bob", Permissions::NONE, "", at(4)));
        story.applied(|cast| cast.message("bob", &room, "in time", at(6)));
        story.applied(|cast| cast.members("bob", &room, &[], &["bob"], at(7)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "too late", at(8)));
    });
}
