//! Flaws of headers and links.

use bytes::Bytes;
use dmpc::{
    kinds::{ChannelMessage, Kind},
    v1,
};
use prost::Message;

use super::super::forge::{Parts, at, field, first_link};
use super::{SMALL, Stage};

impl Stage {
    fn header_flaw(
        &mut self,
        name: &'static str,
        text: &str,
        reason: &'static str,
        change: impl FnOnce(&mut v1::Header),
    ) {
        let operation = self.close().with(change).own(&self.alice);
        self.malformed(name, text, &operation, reason);
    }

    pub(super) fn headers(&mut self) {
        self.header_flaw("unknown_version", "Version 2.", "unknown_version", |header| header.version = 2);
        self.header_flaw("no_version", "Version 0, which is absent.", "unknown_version", |header| header.version = 0);
        self.header_flaw("unknown_kind", "Kind 8.", "unknown_kind", |header| header.kind = 8);
        self.header_flaw("no_kind", "Kind 0, which is absent.", "unknown_kind", |header| header.kind = 0);
        self.header_flaw("channel_missing", "A close without a channel.", "channel_misplaced", |header| {
            header.channel = Bytes::new()
        });
        self.header_flaw("key_id_on_a_close", "A close with a key id.", "key_id_misplaced", |header| {
            header.key_id = field([4; 32])
        });
        self.header_flaw("zero_timestamp", "Issued at zero, which is absent.", "zero_timestamp", |header| {
            header.issued_at = 0
        });
        let alice = self.alice.user();
        self.header_flaw("self_named", "Alice names herself as the certifier.", "self_named", |header| {
            header.certifier = field(alice);
            header.link = None;
        });
        self.header_flaw("issuer_missing", "No issuer.", "missing_field", |header| header.issuer = Bytes::new());
        self.header_flaw("issuer_key_missing", "No key of the issuer.", "missing_field", |header| {
            header.issuer_key = Bytes::new()
        });
        self.header_flaw("channel_of_31_bytes", "An id is too short.", "wrong_length", |header| {
            header.channel = field([3; 31])
        });
        let with_key = self.close().with(|header| header.issuer_key = field(SMALL)).own(&self.alice);
        self.flaw(
            "small_order_issuer_key",
            "Anybody can sign for the neutral element.",
            &with_key,
            "unauthentic",
            "small_order_signing_key",
        );
        let update =
            Parts::new(&self.alice, Kind::UserUpdate, at(1), self.naming()).channel(&self.channel).own(&self.alice);
        self.malformed("channel_on_a_user_kind", "A user.update with a channel.", &update, "channel_misplaced");
        let message = self.payload(Kind::ChannelMessage, ChannelMessage::encode([1; 24], vec![0; 16]));
        self.malformed("key_id_missing", "A message without a key id.", &message, "key_id_misplaced");
    }

    fn naming(&self) -> Vec<u8> {
        v1::UserUpdate { user: field(self.alice.user()), display_name: Some("A".into()), ..Default::default() }
            .encode_to_vec()
    }

    pub(super) fn links(&mut self) {
        let link = |seq, prev: &[u8]| Some(v1::Link { seq, prev: field(prev), ..first_link() });
        self.header_flaw("link_missing", "Neither a link nor a certifier.", "link_misplaced", |header| {
            header.link = None
        });
        let bob = self.bob.user();
        self.header_flaw("link_beside_a_certifier", "A link and a certifier.", "link_misplaced", |header| {
            header.certifier = field(bob)
        });
        self.header_flaw("link_place_zero", "seq is 0, which is absent.", "bad_link", |header| {
            header.link = link(0, &[])
        });
        self.header_flaw("link_first_with_predecessor", "seq 1 with a predecessor.", "bad_link", |header| {
            header.link = link(1, &[1; 32])
        });
        self.header_flaw("link_second_without_predecessor", "seq 2 without one.", "bad_link", |header| {
            header.link = link(2, &[])
        });
        self.header_flaw("link_predecessor_of_zeros", "seq 2 after zeros.", "bad_link", |header| {
            header.link = link(2, &[0; 32])
        });
        self.header_flaw("link_without_a_lane", "No lane.", "missing_field", |header| {
            header.link = Some(v1::Link { lane: Bytes::new(), ..first_link() });
        });
    }
}
