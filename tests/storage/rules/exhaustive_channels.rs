//! Every order of arrival of stories in which operations in a channel decide over one another.

use dmpc::{Permissions, Rights, kinds::ChannelMessage, operation::Draft, seal::EpochKey};
use dmpc_storage::{Missing, Rejection, Verdict};

use super::{Story, channel_open::Opening, specify_every_order};
use crate::support::operations::{Room, at};

const ADD: Permissions = Permissions::CHANNEL_ADD;

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
fn what_one_manager_wrote_stands_between_what_another_one_did() {
    specify_every_order(|story| {
        story.trust("carol");
        story.created("bob", Permissions::NONE, at(1));
        let room = story.opened("root", &[("bob", Rights::MANAGE)], at(2));
        story.applied(|cast| cast.members("root", &room, &[], &["bob"], at(3)));
        let missing = Rejection::RightMissing;
        story.rejected(missing, |cast| cast.members("bob", &room, &[("carol", Rights::READ)], &[], at(4)));
        story.applied(|cast| cast.members("root", &room, &[("carol", Rights::WRITE)], &[], at(5)));
        story.rejected(missing, |cast| cast.members("bob", &room, &[], &["carol"], at(6)));
        story.applied(|cast| cast.message("carol", &room, "", at(7)));
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
fn one_issue_certified_three_times_of_which_two_are_not_applicable() {
    specify_every_order(|story| {
        let room = room_with_bob(story, Rights::WRITE);
        let draft = Draft::message(room.id, room.key.key_id());
        let payload = ChannelMessage::encode([1; 24], vec![7; 40]);
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
fn a_channel_opened_twice_with_members_in_between() {
    specify_every_order(|story| {
        story.created("alice", ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        let opening = Opening::by(&mut story.cast, "alice");
        let room = Room { id: opening.channel, key: EpochKey::generate(story.cast.rng()) };
        story.applied(|cast| opening.sign(cast, "alice", at(3)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::ALL)], &["alice"], at(4)));
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("alice", &room, at(6)));
        story.applied(|cast| cast.close("bob", &room, at(7)));
    });
}
