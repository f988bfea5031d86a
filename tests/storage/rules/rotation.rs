//! Keys rotate: the old one signs the change, what it signed before stays, what it signs afterwards is rejected.

use dmpc::{Permissions, identity::countersign, kinds::FieldWrite};
use dmpc_storage::{
    Rejection,
    projection::{Register, Value},
};

use super::specify;
use crate::support::operations::at;

#[test]
fn each_key_signs_in_its_own_time() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice once", at(4)));
        story.applied(|cast| cast.open("alice once", "before", &[], at(3)).0);
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice", "too early", &[], at(2)).0);
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice once", "too late", &[], at(5)).0);
        story.applied(|cast| cast.open("alice", "after", &[], at(6)).0);
    });
}

#[test]
fn a_new_key_does_not_sign_its_own_introduction() {
    specify(|story| {
        story.created("alice", Permissions::ALL, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice once", at(3)));
        let signing = &story.cast.identity("alice").signing;
        let new = FieldWrite::SigningKey(signing.verifying_key(), countersign(signing, &story.user("alice")));
        story.rejected(Rejection::CertifierKey, |cast| cast.update("alice", "alice", &[new], at(2)));
    });
}

#[test]
fn a_chain_of_rotations_holds_as_long_as_its_first_link() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice one", at(2)));
        story.applied(|cast| cast.rotate("alice", "alice", "alice two", at(3)));
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice two", "room", &[], at(4)).0);
        story.applied(|cast| cast.open("alice", "room", &[], at(5)).0);
    });
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        // Made, and never sent.
        story.cast.rotate("alice", "alice", "alice one", at(2));
        story.rejected(Rejection::CertifierKey, |cast| cast.rotate("alice", "alice", "alice two", at(3)));
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice", "room", &[], at(4)).0);
        story.applied(|cast| cast.open("alice one", "room", &[], at(5)).0);
    });
}

#[test]
fn a_lost_key_is_replaced_by_somebody_who_may() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.applied(|cast| cast.rotate("root", "alice", "alice once", at(2)));
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice once", "room", &[], at(3)).0);
        story.applied(|cast| cast.open("alice", "room", &[], at(4)).0);
    });
}

#[test]
fn an_issue_needs_the_key_that_is_the_issuers_where_it_is_certified() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice once", at(4)));
        story.applied(|cast| cast.open(("alice once", "root", at(3)), "in time", &[], at(2)).0);
        story.rejected(Rejection::IssuerKey, |cast| cast.open(("alice once", "root", at(5)), "late", &[], at(2)).0);
        story.applied(|cast| cast.open(("alice", "root", at(6)), "anew", &[], at(5)).0);
    });
}

#[test]
fn a_root_rotates_its_own_key() {
    specify(|story| {
        story.applied(|cast| cast.create("root", "alice", Permissions::NONE, "", at(1)));
        story.applied(|cast| cast.rotate("root", "root", "root once", at(2)));
        story.rejected(Rejection::CertifierKey, |cast| cast.create("root once", "bob", Permissions::NONE, "", at(3)));
        story.applied(|cast| cast.create("root", "carol", Permissions::NONE, "", at(4)));
    });
}

#[test]
fn the_last_encryption_key_stands_and_the_signing_key_beside_it_stays() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let (bobs, carols) = (story.cast.encryption_key("bob"), story.cast.encryption_key("carol"));
        story.applied(|cast| cast.update("alice", "alice", &[FieldWrite::EncryptionKey(carols)], at(3)));
        story.applied(|cast| cast.update("alice", "alice", &[FieldWrite::EncryptionKey(bobs)], at(2)));
        let (user, signing) = (story.user("alice"), story.cast.identity("alice").signing.verifying_key());
        story.ends_with(Register::UserEncryptionKey(user), Value::Key(*carols.as_bytes()));
        story.ends_with(Register::UserSigningKey(user), Value::Key(*signing.as_bytes()));
    });
}
