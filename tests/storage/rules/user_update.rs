//! `user.update` of active, the encryption key and the signing key: the matching permission and every permission that the
//! subject holds, or to be the subject. Wholly or not at all. A root is fixed.

use dmpc::{Permissions, identity::countersign, kinds::FieldWrite};
use dmpc_storage::{
    Missing, Rejection,
    projection::{Register, Value},
};

use super::{Story, specify};
use crate::support::operations::at;

/// A field, the permission that it needs, and a write of it for a subject.
struct Field {
    permission: Permissions,
    write: fn(&Story, &str) -> FieldWrite,
}

/// The three fields; new keys are those of erin, whom nobody creates.
const FIELDS: [Field; 3] = [
    Field { permission: Permissions::USER_REMOVE, write: |_, _| FieldWrite::Active(false) },
    Field {
        permission: Permissions::USER_ENC_KEY_UPDATE,
        write: |story, _| FieldWrite::EncryptionKey(story.cast.encryption_key("erin")),
    },
    Field {
        permission: Permissions::USER_SIGN_KEY_UPDATE,
        write: |story, subject| {
            let signing = &story.cast.identity("erin").signing;
            FieldWrite::SigningKey(signing.verifying_key(), countersign(signing, &story.user(subject)))
        },
    },
];

fn for_each_field(tell: impl Fn(&mut Story, &Field)) {
    FIELDS.iter().for_each(|field| specify(|story| tell(story, field)));
}

#[test]
fn each_field_needs_its_permission() {
    for_each_field(|story, field| {
        story.created("alice", Permissions::ALL.without(field.permission), at(1));
        story.created("bob", field.permission, at(2));
        story.created("carol", Permissions::NONE, at(3));
        let write = (field.write)(story, "carol");
        story.rejected(Rejection::PermissionMissing, |cast| {
            cast.update("alice", "carol", std::slice::from_ref(&write), at(4))
        });
        story.applied(|cast| cast.update("bob", "carol", &[write], at(5)));
    });
}

#[test]
fn each_field_needs_every_permission_of_the_subject() {
    for_each_field(|story, field| {
        let more = field.permission.union(Permissions::CHANNEL_ADD);
        story.created("alice", field.permission, at(1));
        story.created("bob", Permissions::CHANNEL_ADD, at(2));
        story.created("carol", more, at(3));
        let write = (field.write)(story, "bob");
        story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", std::slice::from_ref(&write), at(4)));
        story.applied(|cast| cast.update("carol", "bob", &[write], at(5)));
    });
}

#[test]
fn each_field_may_be_written_by_the_subject() {
    for_each_field(|story, field| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let write = (field.write)(story, "alice");
        story.applied(|cast| cast.update("alice", "alice", &[write], at(2)));
    });
}

#[test]
fn what_the_subject_holds_counts_as_it_stands_at_that_point() {
    for_each_field(|story, field| {
        story.created("alice", field.permission, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let write = (field.write)(story, "bob");
        story.applied(|cast| cast.update("alice", "bob", std::slice::from_ref(&write), at(3)));
        story.applied(|cast| cast.update("root", "bob", &[FieldWrite::Grant(Permissions::CHANNEL_ADD)], at(4)));
        story.rejected(Rejection::Attenuation, |cast| cast.update("alice", "bob", &[write], at(5)));
    });
}

#[test]
fn nobody_but_the_certifier_counts() {
    for_each_field(|story, field| {
        story.created("alice", Permissions::NONE, at(1));
        story.created("bob", Permissions::ALL, at(2));
        let write = (field.write)(story, "bob");
        let writes = std::slice::from_ref(&write);
        story.rejected(Rejection::PermissionMissing, |cast| cast.update(("bob", "alice"), "bob", writes, at(3)));
        story.applied(|cast| cast.update(("alice", "bob"), "bob", writes, at(4)));
    });
}

#[test]
fn a_subject_that_nothing_creates_is_waited_for() {
    for_each_field(|story, field| {
        let write = (field.write)(story, "alice");
        let writes = std::slice::from_ref(&write);
        story.pending(Missing::Subject, |cast| cast.update("root", "alice", writes, at(1)));
        story.created("alice", Permissions::NONE, at(2));
        story.applied(|cast| cast.update("root", "alice", writes, at(3)));
    });
}

#[test]
fn a_root_is_written_by_that_root_alone() {
    for_each_field(|story, field| {
        story.trust("carol");
        story.created("alice", Permissions::ALL, at(1));
        let write = (field.write)(story, "root");
        let writes = std::slice::from_ref(&write);
        story.rejected(Rejection::RootFixed, |cast| cast.update("alice", "root", writes, at(2)));
        story.rejected(Rejection::RootFixed, |cast| cast.update("carol", "root", writes, at(3)));
        story.rejected(Rejection::RootFixed, |cast| cast.update(("root", "carol"), "root", writes, at(4)));
        story.applied(|cast| cast.update("root", "root", writes, at(5)));
    });
}

#[test]
fn an_update_is_applied_wholly_or_not_at_all() {
    specify(|story| {
        story.created("alice", Permissions::USER_REMOVE, at(1));
        story.created("bob", Permissions::CHANNEL_ADD, at(2));
        let writes = [FieldWrite::Active(false), FieldWrite::EncryptionKey(story.cast.encryption_key("erin"))];
        story.rejected(Rejection::PermissionMissing, |cast| cast.update("alice", "bob", &writes, at(3)));
        story.applied(|cast| cast.open("bob", "room", &[], at(4)).0);
        let own = story.cast.encryption_key("bob");
        story.ends_with(Register::UserActive(story.user("bob")), None);
        story.ends_with(Register::UserEncryptionKey(story.user("bob")), Value::Key(*own.as_bytes()));
    });
}

#[test]
fn an_update_of_several_fields_needs_what_each_needs() {
    specify(|story| {
        let both = Permissions::USER_REMOVE.union(Permissions::USER_ENC_KEY_UPDATE);
        story.created("alice", both, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let key = story.cast.encryption_key("erin");
        let writes = [FieldWrite::Active(false), FieldWrite::EncryptionKey(key)];
        let named = [FieldWrite::Active(false), FieldWrite::DisplayName("somebody".to_owned())];
        story.applied(|cast| cast.update("alice", "bob", &writes, at(3)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.update("alice", "bob", &named, at(4)));
        story.ends_with(Register::UserActive(story.user("bob")), Value::Flag(false));
        story.ends_with(Register::UserEncryptionKey(story.user("bob")), Value::Key(*key.as_bytes()));
        story.ends_with(Register::UserName(story.user("bob")), None);
    });
}

#[test]
fn absent_fields_keep_their_value() {
    specify(|story| {
        story.applied(|cast| cast.create("root", "alice", Permissions::CHANNEL_ADD, "Alice", at(1)));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(false)], at(2)));
        story.applied(|cast| cast.update("root", "alice", &[FieldWrite::Active(true)], at(3)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("Alice".into()));
        let add = Register::UserPermission(story.user("alice"), Permissions::CHANNEL_ADD.bits());
        story.ends_with(add, Value::Flag(true));
    });
}
