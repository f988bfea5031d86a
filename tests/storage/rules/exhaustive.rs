//! Every order of arrival of stories in which operations decide over one another.

use dmpc::{
    Permissions, Rights,
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::Draft,
};
use dmpc_storage::{Missing, Rejection, Verdict};

use super::{Story, channel_open::Opening, specify_every_order};
use crate::support::operations::{Room, at};

const ADD: Permissions = Permissions::CHANNEL_ADD;
const UPDATE: Permissions = Permissions::USER_PERMISSIONS_UPDATE;

/// Alice and bob, and a channel of hers in which he has rights; three operations.
fn room_with_bob(story: &mut Story, rights: Rights) -> Room {
    story.created("alice", ADD, at(1));
    story.created("bob", Permissions::NONE, at(2));
    story.opened("alice", &[("bob", rights)], at(3))
}

#[test]
fn a_close_among_messages_and_another_close() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::ALL);
        story.applied(|cast| cast.message("bob", &room, "before", at(4)));
        story.applied(|cast| cast.close("bob", &room, at(5)));
        story.rejected(Rejection::ChannelClosed, |cast| cast.message("bob", &room, "after", at(6)));
        story.rejected(Rejection::ChannelClosed, |cast| cast.close("alice", &room, at(7)));
    });
}

#[test]
fn a_close_whose_author_was_removed_before() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::ALL);
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(5)));
        story.applied(|cast| cast.message("alice", &room, "still open", at(6)));
        story.applied(|cast| cast.close("alice", &room, at(7)));
    });
}

#[test]
fn removals_and_returns_between_messages() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "meanwhile", at(5)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::WRITE)], &[], at(6)));
        story.applied(|cast| cast.message("bob", &room, "back", at(7)));
    });
}

#[test]
fn a_manager_who_is_removed_before_it_made_members() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::MANAGE);
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.members("bob", &room, &[("bob", Rights::ALL)], &[], at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("bob", &room, "", at(6)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(7)));
    });
}

#[test]
fn epochs_that_come_late() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        let room = story.opened("alice", &[], at(2));
        let (second, next) = story.cast.epoch("alice", &room, &[], at(4));
        story.pending(Missing::Epoch, |cast| cast.message("alice", &next, "too early", at(3)));
        story.applied(|_| second);
        story.applied(|cast| cast.message("alice", &room, "under the first", at(5)));
        story.applied(|cast| cast.rewrap("alice", &next, &["bob"], at(6)));
        story.applied(|cast| cast.message("alice", &next, "under the second", at(7)));
    });
}

#[test]
fn an_epoch_that_two_operations_name() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::WRITE.union(Rights::MANAGE));
        let (by_alice, next) = story.cast.epoch("alice", &room, &[], at(6));
        story.applied(|cast| cast.rewrap("bob", &next, &["bob"], at(4)));
        story.applied(|cast| cast.message("bob", &next, "", at(5)));
        story.applied(|_| by_alice);
        story.applied(|cast| cast.rewrap("alice", &room, &["bob"], at(7)));
    });
}

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
        let thief = |cast: &mut crate::support::operations::Cast| {
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
fn one_issue_certified_three_times_of_which_two_are_not_applicable() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let draft = Draft::message(room.id, room.key.key_id());
        let payload = dmpc::kinds::ChannelMessage::encode([1; 24], vec![7; 40]);
        let issue = story.cast.issue("alice", "bob", draft, at(2), |_| payload);
        let before_the_open = at(2).next().unwrap();
        story.pending(Missing::Channel, |cast| cast.certify("bob", &issue, before_the_open));
        story.applied(|cast| cast.certify("bob", &issue, at(4)));
        story.applied(|cast| cast.members("alice", &room, &[], &["bob"], at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.certify("bob", &issue, at(6)));
    });
}

#[test]
fn everything_at_the_same_time() {
    for seed in 0..6 {
        specify_every_order(|story| {
            story.created("alice", ADD, at(1));
            let room = story.opened("alice", &[], at(2));
            let close = story.cast.close("alice", &room, at(3));
            let messages: Vec<_> =
                (0..3).map(|number| story.cast.message("alice", &room, &format!("{seed} {number}"), at(3))).collect();
            for message in messages {
                let closed = message.key() > close.key();
                let late = Verdict::Rejected(Rejection::ChannelClosed);
                story.expect(if closed { late } else { Verdict::Applied }, |_| message);
            }
            story.applied(|_| close);
        });
    }
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
fn a_channel_opened_twice_with_members_in_between() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let opening = Opening::by(&mut story.cast, "alice");
        let room = Room { id: opening.channel, key: dmpc::seal::EpochKey::generate(story.cast.rng()) };
        story.applied(|cast| opening.sign(cast, "alice", at(3)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::ALL)], &["alice"], at(4)));
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("alice", &room, at(6)));
        story.applied(|cast| cast.close("bob", &room, at(7)));
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
