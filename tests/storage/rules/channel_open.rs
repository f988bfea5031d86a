//! `channel.open` needs channel.add; the opener, who is the issuer, has all four rights. A channel is opened once.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Permissions, Rights, VerifiedOperation,
    kinds::{ChannelOpen, Kind, channel_id},
    operation::Draft,
    seal::EpochKey,
};
use dmpc_storage::{
    Missing, Rejection,
    projection::{Register, Value},
};

use super::specify;
use crate::support::operations::{Cast, at};

/// What makes one channel, to be signed as often as one likes.
pub(super) struct Opening {
    pub(super) channel: ChannelId,
    genesis: Bytes,
}

impl Opening {
    pub(super) fn by(cast: &mut Cast, opener: &str) -> Self {
        let key = EpochKey::generate(cast.rng());
        let genesis = ChannelOpen::encode_genesis(cast.rng().array(), "room", &[], &key.key_id());
        Self { channel: channel_id(&cast.user(opener), &genesis), genesis }
    }

    pub(super) fn sign(&self, cast: &mut Cast, opener: &str, time: Hlc) -> VerifiedOperation {
        let payload = ChannelOpen::encode(self.genesis.clone(), &[]);
        cast.act(opener, Draft::channel(Kind::ChannelOpen, self.channel), time, |_| payload)
    }
}

#[test]
fn an_open_needs_channel_add() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::ALL.without(Permissions::CHANNEL_ADD), at(2));
        story.applied(|cast| cast.open("alice", "room", &[], at(3)).0);
        story.rejected(Rejection::PermissionMissing, |cast| cast.open("bob", "room", &[], at(4)).0);
    });
}

#[test]
fn a_channel_that_nobody_may_open_is_not_there() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let (open, room) = story.cast.open("alice", "room", &[("bob", Rights::ALL)], at(2));
        story.rejected(Rejection::PermissionMissing, |_| open);
        story.pending(Missing::Channel, |cast| cast.message("alice", &room, "", at(3)));
        story.pending(Missing::Channel, |cast| cast.members("alice", &room, &[], &["bob"], at(4)));
        story.pending(Missing::Channel, |cast| cast.close("alice", &room, at(5)));
    });
}

#[test]
fn the_opener_has_all_four_rights() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let room = story.opened("alice", &[], at(2));
        story.applied(|cast| cast.message("alice", &room, "write", at(3)));
        story.applied(|cast| cast.members("alice", &room, &[("bob", Rights::READ)], &[], at(4)));
        story.applied(|cast| cast.close("alice", &room, at(5)));
        story.ends_with(Register::ChannelMember(room.id, story.user("alice")), Value::Rights(Rights::ALL));
    });
}

#[test]
fn the_opener_is_the_issuer_and_its_certifier_has_no_right() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let (open, room) = story.cast.open(("alice", "root"), "room", &[], at(2));
        story.applied(|_| open);
        story.applied(|cast| cast.message("alice", &room, "", at(3)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("root", &room, "", at(4)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("root", &room, at(5)));
    });
}

#[test]
fn first_members_have_the_rights_that_the_open_gives_them() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        story.created("bob", Permissions::NONE, at(2));
        story.created("carol", Permissions::NONE, at(3));
        let room = story.opened("alice", &[("bob", Rights::WRITE), ("carol", Rights::READ)], at(4));
        story.applied(|cast| cast.message("bob", &room, "", at(5)));
        story.rejected(Rejection::RightMissing, |cast| cast.close("bob", &room, at(6)));
        story.rejected(Rejection::RightMissing, |cast| cast.message("carol", &room, "", at(7)));
    });
}

#[test]
fn a_channel_is_opened_once() {
    specify(|story| {
        story.created("alice", Permissions::CHANNEL_ADD, at(1));
        let opening = Opening::by(&mut story.cast, "alice");
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(3)));
        story.applied(|cast| opening.sign(cast, "alice", at(2)));
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(4)));
    });
}

#[test]
fn the_first_open_that_is_permitted_opens_the_channel() {
    specify(|story| {
        story.created("alice", Permissions::NONE, at(1));
        let opening = Opening::by(&mut story.cast, "alice");
        let grant = dmpc::kinds::FieldWrite::Grant(Permissions::CHANNEL_ADD);
        story.rejected(Rejection::PermissionMissing, |cast| opening.sign(cast, "alice", at(2)));
        story.applied(|cast| cast.update("root", "alice", &[grant], at(3)));
        story.applied(|cast| opening.sign(cast, "alice", at(4)));
        story.rejected(Rejection::ChannelExists, |cast| opening.sign(cast, "alice", at(5)));
    });
}
