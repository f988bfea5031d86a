//! An issue takes effect once: by its applicable operation of least key.

use dmpc::{
    Hlc, Permissions, Rights,
    kinds::{FieldWrite, Kind, UserCreate, UserUpdate},
    operation::{Draft, Issue},
};
use dmpc_storage::{
    Rejection,
    projection::{Register, Value},
};

use super::{Story, specify};
use crate::support::operations::at;

/// Alice issues an update of her own name, for somebody to certify.
fn naming(story: &Story, certifier: &str, name: &str, time: Hlc) -> Issue {
    updating(story, certifier, FieldWrite::DisplayName(name.to_owned()), time)
}

/// Alice issues an update of herself, for somebody to certify.
fn updating(story: &Story, certifier: &str, write: FieldWrite, time: Hlc) -> Issue {
    let payload = UserUpdate::encode(&story.user("alice"), &[write]);
    story.cast.issue("alice", certifier, Draft::user(Kind::UserUpdate), time, |_| payload)
}

#[test]
fn an_issue_that_is_certified_twice_takes_effect_once() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let issue = naming(story, "root", "Alice", at(2));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("root", &issue, at(5)));
        story.applied(|cast| cast.certify("root", &issue, at(3)));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("root", &issue, at(4)));
    });
}

#[test]
fn a_duplicate_does_not_write_again() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let issue = naming(story, "root", "first", at(2));
        story.applied(|cast| cast.certify("root", &issue, at(3)));
        story.applied(|cast| cast.update("alice", "alice", &[FieldWrite::DisplayName("second".to_owned())], at(4)));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("root", &issue, at(5)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("second".into()));
    });
}

#[test]
fn a_certification_that_is_not_applicable_leaves_the_issue_to_the_next() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.created("bob", Permissions::CHANNEL_ADD, at(2));
        let issue = updating(story, "bob", FieldWrite::Grant(Permissions::CHANNEL_ADD), at(3));
        let may = FieldWrite::Grant(Permissions::USER_PERMISSIONS_UPDATE);
        story.rejected(Rejection::PermissionMissing, |cast| cast.certify("bob", &issue, at(4)));
        story.applied(|cast| cast.update("root", "bob", &[may], at(5)));
        story.applied(|cast| cast.certify("bob", &issue, at(6)));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("bob", &issue, at(7)));
    });
}

#[test]
fn two_issues_of_the_same_content_are_two() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let (first, second) = (naming(story, "root", "Alice", at(2)), naming(story, "root", "Alice", at(3)));
        story.applied(|cast| cast.certify("root", &first, at(4)));
        story.applied(|cast| cast.certify("root", &second, at(5)));
    });
}

#[test]
fn a_message_that_is_certified_twice_is_one_message() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let room = story.opened("alice", &[("bob", Rights::WRITE)], at(3));
        let draft = Draft::message(room.id, room.key.key_id());
        let payload = dmpc::kinds::ChannelMessage::encode([1; 24], vec![7; 40]);
        let issue = story.cast.issue("alice", "bob", draft, at(4), |_| payload);
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("bob", &issue, at(6)));
        story.applied(|cast| cast.certify("bob", &issue, at(5)));
    });
}

#[test]
fn an_invitation_that_is_certified_twice_creates_once() {
    specify(|story| {
        let payload = UserCreate::encode(&story.cast.public("alice"), Permissions::CHANNEL_ADD, "Alice");
        let issue = story.cast.issue("alice", "root", Draft::user(Kind::UserCreate), at(1), |_| payload);
        story.applied(|cast| cast.certify("root", &issue, at(2)));
        let revoke = FieldWrite::Revoke(Permissions::CHANNEL_ADD);
        story.applied(|cast| cast.update("root", "alice", &[revoke], at(3)));
        story.rejected(Rejection::DuplicateIssue, |cast| cast.certify("root", &issue, at(4)));
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("alice", "room", &[], at(5)).0);
    });
}

#[test]
fn an_issue_is_certified_by_whom_it_names() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        story.created("bob", Permissions::ALL, at(2));
        let issue = naming(story, "root", "Alice", at(3));
        story.rejected(Rejection::CertifierKey, |cast| cast.certify("bob", &issue, at(4)));
        story.applied(|cast| cast.certify("root", &issue, at(5)));
    });
}

#[test]
fn an_issue_stands_where_it_is_certified() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let issue = naming(story, "root", "issued early", at(2));
        story.applied(|cast| cast.update("alice", "alice", &[FieldWrite::DisplayName("late".to_owned())], at(3)));
        story.applied(|cast| cast.certify("root", &issue, at(4)));
        story.ends_with(Register::UserName(story.user("alice")), Value::Text("issued early".into()));
    });
}
