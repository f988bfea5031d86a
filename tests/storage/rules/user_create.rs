//! `user.create`: needs user.add and every permission it grants; may be issued by its subject; a second one writes only what
//! it grants; a root is fixed.

use dmpc::{Permissions, kinds::FieldWrite};
use dmpc_storage::{
    Missing, Rejection,
    projection::{Register, Value},
};

use super::specify;
use crate::support::operations::at;

#[test]
fn a_create_needs_user_add() {
    specify(|story| {
        story.created("alice", Permissions::USER_ADD, at(1));
        story.created("bob", Permissions::ALL.without(Permissions::USER_ADD), at(2));
        story.applied(|cast| cast.create("alice", "carol", Permissions::NONE, "", at(3)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.create("bob", "dave", Permissions::NONE, "", at(4)));
    });
}

#[test]
fn a_create_grants_only_what_its_certifier_holds() {
    let held = Permissions::USER_ADD.union(Permissions::CHANNEL_ADD);
    specify(|story| {
        story.created("alice", held, at(1));
        story.rejected(Rejection::Attenuation, |cast| cast.create("alice", "bob", Permissions::ALL, "", at(2)));
        story.rejected(Rejection::Attenuation, |cast| {
            cast.create("alice", "carol", Permissions::CHANNEL_READ, "", at(3))
        });
        story.applied(|cast| cast.create("alice", "dave", held, "", at(4)));
        story.applied(|cast| cast.create("alice", "erin", Permissions::NONE, "", at(5)));
    });
}

#[test]
fn a_created_user_has_the_keys_the_name_and_the_permissions_of_the_create_and_no_others() {
    specify(|story| {
        story.applied(|cast| cast.create("root", "alice", Permissions::CHANNEL_ADD, "Alice", at(1)));
        let (user, public) = (story.user("alice"), story.cast.public("alice"));
        story.ends_with(Register::UserSigningKey(user), Value::Key(*public.signing_key.as_bytes()));
        story.ends_with(Register::UserEncryptionKey(user), Value::Key(*public.encryption_key.as_bytes()));
        story.ends_with(Register::UserName(user), Value::Text("Alice".into()));
        for permission in Permissions::ALL.iter() {
            let value = (permission == Permissions::CHANNEL_ADD).then_some(Value::Flag(true));
            story.ends_with(Register::UserPermission(user, permission.bits()), value);
        }
    });
}

#[test]
fn a_create_that_is_rejected_creates_nobody() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.rejected(Rejection::PermissionMissing, |cast| cast.create("alice", "bob", Permissions::NONE, "", at(2)));
        story.pending(Missing::Certifier, |cast| cast.open("bob", "room", &[], at(3)).0);
        story.ends_with(Register::UserCreated(story.user("bob")), None);
    });
}

#[test]
fn a_user_exists_from_its_create_on_and_not_before() {
    specify(|story| {
        story.pending(Missing::Certifier, |cast| cast.open("alice", "before", &[], at(1)).0);
        story.created("alice", Permissions::CHANNEL_ADD, at(2));
        story.applied(|cast| cast.open("alice", "after", &[], at(3)).0);
    });
}

#[test]
fn a_create_may_be_issued_by_its_subject() {
    specify(|story| {
        story.created("alice", Permissions::USER_ADD, at(1));
        story.applied(|cast| cast.create(("bob", "alice"), "bob", Permissions::NONE, "", at(2)));
        story.applied(|cast| cast.create(("carol", "root", at(4)), "carol", Permissions::CHANNEL_ADD, "", at(3)));
        story.applied(|cast| cast.open("carol", "room", &[], at(5)).0);
    });
}

#[test]
fn an_invitation_that_is_answered_is_judged_by_its_certifier() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.created("bob", Permissions::USER_ADD, at(2));
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.create(("carol", "alice"), "carol", Permissions::NONE, "", at(3))
        });
        story.rejected(Rejection::Attenuation, |cast| {
            cast.create(("dave", "bob"), "dave", Permissions::CHANNEL_ADD, "", at(4))
        });
    });
}

#[test]
fn nobody_unknown_issues_the_create_of_another() {
    specify(|story| {
        story.pending(Missing::Issuer, |cast| cast.create(("alice", "root"), "bob", Permissions::NONE, "", at(1)));
        story.pending(Missing::Certifier, |cast| cast.create(("bob", "alice"), "bob", Permissions::NONE, "", at(2)));
    });
}

#[test]
fn nobody_creates_itself() {
    specify(|story| {
        story.pending(Missing::Certifier, |cast| cast.create("alice", "alice", Permissions::ALL, "", at(1)));
        story.pending(Missing::Certifier, |cast| cast.create("alice", "bob", Permissions::NONE, "", at(2)));
    });
}

#[test]
fn a_second_create_writes_only_what_it_grants() {
    specify(|story| {
        story.applied(|cast| cast.create("root", "alice", Permissions::CHANNEL_ADD, "Alice", at(1)));
        story.applied(|cast| cast.create("root", "alice", Permissions::USER_ADD, "Mallory", at(2)));
        let user = story.user("alice");
        story.ends_with(Register::UserName(user), Value::Text("Alice".into()));
        story.ends_with(Register::UserPermission(user, Permissions::CHANNEL_ADD.bits()), Value::Flag(true));
        story.ends_with(Register::UserPermission(user, Permissions::USER_ADD.bits()), Value::Flag(true));
        story.ends_with(Register::UserPermission(user, Permissions::CHANNEL_READ.bits()), None);
    });
}

#[test]
fn a_second_create_needs_what_the_first_needs() {
    specify(|story| {
        story.created("alice", Permissions::USER_ADD, at(1));
        story.created("bob", Permissions::CHANNEL_ADD, at(2));
        story.rejected(Rejection::PermissionMissing, |cast| cast.create("bob", "alice", Permissions::NONE, "", at(3)));
        story
            .rejected(Rejection::Attenuation, |cast| cast.create("alice", "bob", Permissions::CHANNEL_READ, "", at(4)));
        story.applied(|cast| cast.create("alice", "bob", Permissions::USER_ADD, "", at(5)));
    });
}

#[test]
fn a_second_create_brings_back_neither_an_old_key_nor_a_deactivated_user() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.applied(|cast| cast.rotate("alice", "alice", "alice once", at(2)));
        story.applied(|cast| cast.create("root", "alice once", Permissions::NONE, "", at(3)));
        story.rejected(Rejection::CertifierKey, |cast| cast.open("alice once", "room", &[], at(4)).0);
        story.applied(|cast| cast.open("alice", "room", &[], at(5)).0);
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(false)], at(6)));
        story.applied(|cast| cast.create("root", "alice once", Permissions::CHANNEL_ADD, "", at(7)));
        story.rejected(Rejection::CertifierInactive, |cast| cast.open("alice", "room", &[], at(8)).0);
    });
}

#[test]
fn of_two_creates_the_one_of_lesser_key_introduces_the_user() {
    specify(|story| {
        story.applied(|cast| cast.create("root", "alice", Permissions::NONE, "second", at(5)));
        story.applied(|cast| cast.create("root", "alice", Permissions::NONE, "first", at(4)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("first".into()));
    });
}

#[test]
fn a_root_is_created_anew_by_itself_alone() {
    specify(|story| {
        story.trust("carol");
        story.created("alice", Permissions::ALL, at(1));
        story.rejected(Rejection::RootFixed, |cast| cast.create("alice", "root", Permissions::NONE, "", at(2)));
        story.rejected(Rejection::RootFixed, |cast| cast.create("carol", "root", Permissions::ALL, "", at(3)));
        story.applied(|cast| cast.create("root", "root", Permissions::ALL, "", at(4)));
    });
}
