//! Flaws of payloads on channels.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    ChannelId,
    kinds::{ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, Kind, Member, Wrap, channel_id},
};

use super::super::{
    forge::{Parts, at},
    operations::{epoch, genesis},
    raw,
};
use super::{Stage, blank_age};

impl Stage {
    pub(super) fn channels(&mut self) -> Result<()> {
        let good = genesis(&self.bob);
        let open = |genesis: Bytes, wraps: &[Wrap], channel: &ChannelId| {
            Parts::new(&self.alice, Kind::ChannelOpen, at(1), ChannelOpen::encode(genesis, wraps))
                .channel(channel)
                .own(&self.alice)
        };
        let id_of = |genesis: &Bytes| channel_id(&self.alice.user(), genesis);
        let mismatch = open(good.clone(), &[], &ChannelId::from_bytes([8; 32]));
        let read = dmpc::Rights::READ;
        let genesis_of = |members: &[Member]| ChannelOpen::encode_genesis([7; 32], "", members, &epoch().key_id());
        let listed = genesis_of(&[Member { user: self.alice.user(), rights: read }]);
        let listed = open(listed.clone(), &[], &id_of(&listed));
        let mut two = [Member { user: self.bob.user(), rights: read }, Member { user: self.root.user(), rights: read }];
        two.sort_by_key(|member| std::cmp::Reverse(member.user));
        let descending = genesis_of(&two);
        let descending = open(descending.clone(), &[], &id_of(&descending));
        let stranger =
            Wrap { user: self.root.user(), encryption_key: self.root.encryption_key()?, sealed: blank_age() };
        let for_stranger = open(good.clone(), std::slice::from_ref(&stranger), &self.channel);
        let nonceless = raw::bytes(4, epoch().key_id());
        let nonceless = open(nonceless.clone().into(), &[], &id_of(&nonceless.into()));
        let members = |set: &[Member], remove: &[dmpc::UserId], epochs: &[EpochWraps]| {
            self.payload(Kind::ChannelMembers, ChannelMembers::encode(set, remove, epochs))
        };
        let bob = [Member { user: self.bob.user(), rights: read }];
        let both = members(&bob, &[self.bob.user()], &[]);
        let nothing = self.payload(Kind::ChannelMembers, Vec::new());
        let wrapped = EpochWraps { key_id: epoch().key_id(), wraps: vec![stranger] };
        let wrapped_for_stranger = members(&bob, &[], std::slice::from_ref(&wrapped));
        let empty_epoch = members(&bob, &[], &[EpochWraps { wraps: Vec::new(), ..wrapped }]);
        let rightless = raw::bytes(1, raw::bytes(1, self.bob.user()));
        let rightless = self.payload(Kind::ChannelMembers, rightless);
        let set_bob = raw::bytes(1, [raw::bytes(1, self.bob.user()), raw::number(2, 1)].concat());
        let cuts = self.payload(Kind::ChannelMembers, [set_bob.clone(), raw::bytes(4, [1])].concat());
        let unlisted = self.payload(Kind::ChannelMembers, [set_bob, raw::number(5, 1)].concat());
        let full_close = self.payload(Kind::ChannelClose, raw::number(1, 1));
        let key_id = epoch().key_id();
        let message = |payload: Vec<u8>| {
            Parts::new(&self.alice, Kind::ChannelMessage, at(1), payload)
                .channel(&self.channel)
                .under(&key_id)
                .own(&self.alice)
        };
        let short = message(ChannelMessage::encode([1; 24], vec![0; 15]));
        let short_nonce = message([raw::bytes(1, [1; 23]), raw::bytes(2, [0; 16])].concat());
        let keyless = self.payload(Kind::ChannelEpoch, raw::bytes(1, []));
        let cases = [
            (
                "channel_id_mismatch",
                "The channel is not the hash of opener and genesis.",
                mismatch,
                "channel_id_mismatch",
            ),
            ("channel_open_opener_listed", "Alice lists herself.", listed, "opener_listed"),
            ("channel_open_members_descending", "Members stand in descending order.", descending, "not_ascending"),
            (
                "channel_open_wrap_for_stranger",
                "A wrap for somebody who is no member.",
                for_stranger,
                "wrap_for_stranger",
            ),
            ("channel_open_without_nonce", "", nonceless, "missing_field"),
            ("channel_members_set_and_removed", "Bob is both.", both, "set_and_removed"),
            ("channel_members_changes_nothing", "Nobody is set or removed.", nothing, "changes_nothing"),
            (
                "channel_members_wrap_for_stranger",
                "A wrap for somebody who is not set.",
                wrapped_for_stranger,
                "wrap_for_stranger",
            ),
            ("channel_members_epoch_without_wraps", "", empty_epoch, "changes_nothing"),
            (
                "channel_members_no_rights",
                "Bob is set with no right; a removal says that otherwise.",
                rightless,
                "bad_value",
            ),
            ("channel_members_reserved_cuts", "Field 4 is kept for ruleset 2.", cuts, "reserved_field"),
            ("channel_members_reserved_unlisted", "Field 5 is kept for ruleset 2.", unlisted, "reserved_field"),
            ("channel_close_with_a_payload", "A close carries nothing.", full_close, "unknown_field"),
            ("channel_message_shorter_than_a_tag", "15 bytes of ciphertext.", short, "ciphertext_too_short"),
            ("channel_message_short_nonce", "23 bytes.", short_nonce, "wrong_length"),
            ("channel_epoch_without_key_id", "", keyless, "missing_field"),
        ];
        for (name, text, operation, reason) in cases {
            self.malformed(name, text, &operation, reason);
        }
        Ok(())
    }
}
