//! Links: places in a lane, a hash chain from 1.

use bytes::Bytes;
use dmpc::{ChannelId, LaneId, OpId, hash::Domain, kinds::Kind, operation::Link, v1};

use super::forge::{Parts, field, refusal, verify};
use crate::support::operations::{Cast, at};

/// Why an operation with this link is refused; in the header and in a certification alike.
fn linked(lane: &[u8], seq: u64, prev: &[u8]) -> Option<&'static str> {
    let cast = Cast::new(1);
    let (alice, bob) = (cast.identity("alice"), cast.identity("bob"));
    let link = v1::Link { lane: field(lane), seq, prev: field(prev) };
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let mut parts = Parts::of(alice, Kind::ChannelClose, channel, at(0), Vec::new());
    let certified = parts.clone().certified_by(&bob.user);
    parts.header.link = Some(link.clone());
    let in_header = refusal(alice, &parts);
    let in_certification = verify(&certified.certified(alice, bob, |certification| certification.link = Some(link)));
    assert_eq!(in_header, in_certification.err());
    in_header
}

#[test]
fn the_first_place_has_no_predecessor_and_every_later_one_has() {
    assert_eq!(linked(&[5; 16], 1, &[]), None);
    assert_eq!(linked(&[5; 16], 2, &[6; 32]), None);
    assert_eq!(linked(&[5; 16], u64::MAX, &[6; 32]), None);
    assert_eq!(linked(&[5; 16], 1, &[6; 32]), Some("bad_link"));
    assert_eq!(linked(&[5; 16], 1, &[0; 32]), Some("bad_link"), "zeros at 1 are left out");
    assert_eq!(linked(&[5; 16], 2, &[]), Some("bad_link"));
    assert_eq!(linked(&[5; 16], 2, &[0; 32]), Some("bad_link"));
}

#[test]
fn there_is_no_place_zero() {
    assert_eq!(linked(&[5; 16], 0, &[]), Some("bad_link"));
    assert_eq!(linked(&[5; 16], 0, &[6; 32]), Some("bad_link"));
}

#[test]
fn a_link_has_a_lane_of_16_bytes_and_a_predecessor_of_32() {
    assert_eq!(linked(&[], 1, &[]), Some("missing_field"));
    assert_eq!(linked(&[5; 15], 1, &[]), Some("wrong_length"));
    assert_eq!(linked(&[5; 16], 2, &[6; 31]), Some("wrong_length"));
}

#[test]
fn the_next_place_names_the_operation_before_it() {
    let first = Link::first(LaneId::from_bytes([5; 16]));
    assert_eq!((first.seq, first.prev), (1, OpId::from_bytes([0; 32])));
    let second = first.next(OpId::from_bytes([6; 32])).unwrap();
    assert_eq!((second.lane, second.seq, second.prev), (first.lane, 2, OpId::from_bytes([6; 32])));
    let last = Link { seq: u64::MAX, ..second };
    assert_eq!(last.next(OpId::from_bytes([7; 32])), None);
}

#[test]
fn an_operation_has_the_link_of_who_certified_it() {
    let mut cast = Cast::new(1);
    let (bob, root) = (cast.next_link("bob", None), cast.next_link("root", None));
    let own = cast.update("bob", "bob", &[dmpc::kinds::FieldWrite::DisplayName("Bob".into())], at(0));
    let certified = cast.create(("bob", "root"), "carol", dmpc::Permissions::NONE, "", at(1));
    assert_eq!((own.link(), certified.link()), (bob, root));
    assert_eq!(certified.header().link, None);
    let next = cast.next_link("root", None);
    assert_eq!((next.lane, next.seq, next.prev), (root.lane, 2, certified.id()));
}

#[test]
fn a_link_cannot_be_changed_without_its_signature() {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let parts = Parts::of(alice, Kind::ChannelClose, channel, at(0), Vec::new());
    let signed = parts.signed(alice, Domain::SignOperation);
    let mut moved = parts;
    moved.header.link = Some(v1::Link { lane: field([6; 16]), seq: 1, prev: Bytes::new() });
    let moved = v1::Operation { body: moved.body(), ..signed };
    assert_eq!(verify(&moved).err(), Some("bad_signature"));
}
