//! Headers: who says what, where and when; each broken rule is refused with a reason of its own.

use bytes::Bytes;
use dmpc::{ChannelId, Identity, KeyId, hash::Domain, kinds::Kind, v1};

use super::forge::{Parts, field, first_link, refusal, verify};
use crate::support::operations::{Cast, at};

fn close(cast: &Cast) -> Parts {
    Parts::of(cast.identity("alice"), Kind::ChannelClose, Some(ChannelId::from_bytes([3; 32])), at(0), Vec::new())
}

fn refused(change: impl FnOnce(&mut v1::Header, &Identity), reason: &str) {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let mut parts = close(&cast);
    assert_eq!(refusal(alice, &parts), None, "unchanged, it is an operation");
    change(&mut parts.header, alice);
    assert_eq!(refusal(alice, &parts), Some(reason));
}

#[test]
fn an_unknown_version_is_refused() {
    for version in [0, 2, u32::MAX] {
        refused(|header, _| header.version = version, "unknown_version");
    }
}

#[test]
fn an_unknown_kind_is_refused() {
    for kind in [0, 8, 255, i32::MAX] {
        refused(|header, _| header.kind = kind, "unknown_kind");
    }
}

#[test]
fn every_known_kind_is_one_of_the_seven() {
    for number in 0..100 {
        assert_eq!(Kind::from_wire(number).is_some(), (1..=7).contains(&number));
    }
    let words: Vec<_> = Kind::ALL.into_iter().map(Kind::name).collect();
    let expected = [
        "user.create",
        "user.update",
        "channel.open",
        "channel.members",
        "channel.epoch",
        "channel.message",
        "channel.close",
    ];
    assert_eq!(words, expected);
}

#[test]
fn a_channel_kind_without_a_channel_and_a_user_kind_with_one_are_refused() {
    refused(|header, _| header.channel = Bytes::new(), "channel_misplaced");
    let mut cast = Cast::new(1);
    let create = cast.create("root", "alice", dmpc::Permissions::NONE, "", at(0));
    let mut parts = Parts::from_bytes(create.bytes());
    parts.header.channel = field([3; 32]);
    assert_eq!(refusal(cast.identity("root"), &parts), Some("channel_misplaced"));
}

#[test]
fn a_message_without_a_key_id_and_another_kind_with_one_are_refused() {
    refused(|header, _| header.key_id = field([4; 32]), "key_id_misplaced");
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let payload = dmpc::kinds::ChannelMessage::encode([1; 24], vec![2; 16]);
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let message = Parts::of(alice, Kind::ChannelMessage, channel, at(0), payload);
    assert_eq!(refusal(alice, &message), Some("key_id_misplaced"));
    assert_eq!(refusal(alice, &message.under(&KeyId::from_bytes([4; 32]))), None);
}

#[test]
fn a_timestamp_of_zero_is_refused() {
    refused(|header, _| header.issued_at = 0, "zero_timestamp");
}

#[test]
fn an_issuer_that_names_itself_as_certifier_is_refused() {
    let named = |header: &mut v1::Header, alice: &Identity| header.certifier = field(alice.user);
    refused(named, "self_named");
    let without_link = |header: &mut v1::Header, alice: &Identity| {
        header.certifier = field(alice.user);
        header.link = None;
    };
    refused(without_link, "self_named");
}

#[test]
fn a_header_without_issuer_or_key_is_refused() {
    refused(|header, _| header.issuer = Bytes::new(), "missing_field");
    refused(|header, _| header.issuer_key = Bytes::new(), "missing_field");
}

#[test]
fn fields_of_other_lengths_are_refused() {
    refused(|header, _| header.channel = field([3; 31]), "wrong_length");
    refused(|header, _| header.issuer = field([3; 33]), "wrong_length");
    refused(|header, _| header.issuer_key = field([3; 16]), "wrong_length");
    refused(|header, _| header.certifier = field([3; 1]), "wrong_length");
    refused(|header, _| header.key_id = field([3; 64]), "wrong_length");
}

#[test]
fn a_link_stands_in_the_header_exactly_when_the_issuer_certifies_itself() {
    refused(|header, _| header.link = None, "link_misplaced");
    let cast = Cast::new(1);
    let (alice, bob) = (cast.identity("alice"), cast.identity("bob"));
    let mut parts = close(&cast).certified_by(&bob.user);
    assert_eq!(verify(&parts.certified(alice, bob, |_| {})).err(), None);
    parts.header.link = Some(first_link());
    assert_eq!(verify(&parts.certified(alice, bob, |_| {})).err(), Some("link_misplaced"));
}

#[test]
fn the_key_in_the_header_is_the_one_that_signs() {
    let cast = Cast::new(1);
    let (alice, bob) = (cast.identity("alice"), cast.identity("bob"));
    let parts = close(&cast);
    assert_eq!(verify(&parts.signed(bob, Domain::SignOperation)).err(), Some("bad_signature"));
    let mut of_bob = parts.clone();
    of_bob.header.issuer_key = field(bob.signing.verifying_key().as_bytes());
    assert_eq!(refusal(alice, &of_bob), Some("bad_signature"));
    assert_eq!(refusal(bob, &of_bob), None, "whether the key is the issuer's is the projection's question");
}
