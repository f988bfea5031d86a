//! Proofs of equivocation: two whole operations that one key certified for one place, and nothing less.

use bytes::Bytes;
use dmpc::{
    Hlc, Identity, Permissions, VerifiedOperation,
    equivocation::{EQUIVOCATION_MAGIC, Equivocation, EquivocationError},
    error::Classified,
    kinds::FieldWrite,
    operation::Link,
};
use proptest::prelude::*;

use super::cases;
use crate::support::operations::{Cast, at};

/// Alice renames herself, at a place of the lane of her next operation.
fn rename(cast: &mut Cast, by: &str, name: &str, link: Link, time: Hlc) -> VerifiedOperation {
    cast.set_next_link(by, None, link);
    cast.update(by, "alice", &[FieldWrite::DisplayName(name.to_owned())], time)
}

fn pair() -> (Cast, VerifiedOperation, VerifiedOperation) {
    let mut cast = Cast::new(1);
    let link = cast.next_link("alice", None);
    let one = rename(&mut cast, "alice", "one", link, at(5));
    let other = rename(&mut cast, "alice", "other", link, at(6));
    (cast, one, other)
}

fn refused(one: &VerifiedOperation, other: &VerifiedOperation) -> Option<&'static str> {
    Equivocation::decode(one.bytes().clone(), other.bytes().clone()).err().map(|error| error.reason())
}

#[test]
fn two_operations_at_one_place_are_a_proof_in_either_order() {
    let (cast, one, other) = pair();
    let proof = Equivocation::decode(one.bytes().clone(), other.bytes().clone()).unwrap();
    assert_eq!(proof.user(), cast.user("alice"));
    assert_eq!(proof.key(), cast.identity("alice").signing.verifying_key());
    assert_eq!((proof.link().lane, proof.link().seq), (one.link().lane, 1));
    let [first, second] = proof.operations();
    assert!(first.id() < second.id());
    let turned = Equivocation::decode(other.bytes().clone(), one.bytes().clone()).unwrap();
    assert_eq!(turned.to_text(), proof.to_text());
}

#[test]
fn one_operation_twice_is_no_proof_even_under_two_signatures() {
    let (cast, one, _) = pair();
    assert_eq!(refused(&one, &one), Some("same_operation"));
    // The same bytes signed again are the same operation: signatures are no part of an id.
    let again = cast.identity("alice").signing.sign(dmpc::hash::Domain::SignOperation, &[b"anything"]);
    assert_ne!(again.0.as_slice(), one.bytes().as_ref());
    assert_eq!(refused(&one, &one.clone()), Some("same_operation"));
}

#[test]
fn operations_of_different_keys_users_lanes_or_places_are_no_proof() {
    let (mut cast, one, _) = pair();
    let link = one.link();
    let of_bob = rename(&mut cast, "bob", "other", link, at(6));
    assert_eq!(refused(&one, &of_bob), Some("other_user"));
    let mut imposter = Identity::from_text(&cast.identity("bob").to_text().unwrap()).unwrap();
    imposter.user = cast.user("alice");
    cast.add("imposter", imposter);
    let with_other_key = rename(&mut cast, "imposter", "other", link, at(6));
    assert_eq!(refused(&one, &with_other_key), Some("other_key"));
    let next = rename(&mut cast, "alice", "other", link.next(one.id()).unwrap(), at(6));
    assert_eq!(refused(&one, &next), Some("other_place"));
    let other_lane = Link::first(dmpc::LaneId::from_bytes([9; 16]));
    let elsewhere = rename(&mut cast, "alice", "other", other_lane, at(6));
    assert_eq!(refused(&one, &elsewhere), Some("other_place"));
}

#[test]
fn one_issue_that_is_certified_twice_for_one_place_is_a_proof_and_for_two_places_is_none() {
    let mut cast = Cast::new(1);
    let issue = {
        let payload = dmpc::kinds::UserCreate::encode(&cast.public("carol"), Permissions::NONE, "");
        cast.issue("bob", "root", dmpc::operation::Draft::user(dmpc::kinds::Kind::UserCreate), at(5), |_| payload)
    };
    let link = cast.next_link("root", None);
    let first = cast.certify("root", &issue, at(6));
    let second_place = cast.certify("root", &issue, at(7));
    cast.set_next_link("root", None, link);
    let forked = cast.certify("root", &issue, at(7));
    assert_eq!(refused(&first, &second_place), Some("other_place"));
    assert_eq!(refused(&first, &forked), None);
    let proof = Equivocation::decode(first.bytes().clone(), forked.bytes().clone()).unwrap();
    assert_eq!(proof.user(), cast.user("root"), "the certifier's lane, not the issuer's");
}

#[test]
fn a_proof_has_one_text_that_stands_for_itself() {
    let (cast, one, other) = pair();
    let proof = Equivocation::decode(one.bytes().clone(), other.bytes().clone()).unwrap();
    let text = proof.to_text();
    let lines: Vec<&str> = text.lines().collect();
    let [first, _] = proof.operations();
    assert_eq!(lines[0], EQUIVOCATION_MAGIC);
    assert_eq!(lines[1], format!("user {}", cast.user("alice")));
    assert_eq!(lines[2], format!("key {}", proof.key()));
    assert_eq!(lines[3], format!("lane {}", one.link().lane));
    assert_eq!((lines[4], lines[5]), ("seq 1", format!("operation {}", first.id()).as_str()));
    assert!(lines.iter().all(|line| line.len() < 80));
    let read = Equivocation::from_text(&text).unwrap();
    assert_eq!(read.to_text(), text);
    assert_eq!(read.operations()[0].bytes(), first.bytes());
}

#[test]
fn a_text_that_says_something_else_than_its_operations_is_refused() {
    let (cast, one, other) = pair();
    let text = Equivocation::decode(one.bytes().clone(), other.bytes().clone()).unwrap().to_text();
    let refused = |text: &str| Equivocation::from_text(text).unwrap_err().reason();
    let alice = format!("user {}", cast.user("alice"));
    assert_eq!(refused(&text.replacen(&alice, &format!("user {}", cast.user("bob")), 1)), "other_text");
    assert_eq!(refused(&text.replacen("seq 1", "seq 2", 1)), "other_text");
    assert_eq!(refused(&text.replacen("seq 1", "seq 01", 1)), "other_text");
    assert_eq!(refused(&format!("{text}\n")), "other_text");
    assert_eq!(refused(text.trim_end()), "other_text");
    assert_eq!(refused(&text.replace('\n', "\r\n")), "other_text");
    assert_eq!(refused(&text.replacen("equivocation 1", "equivocation 2", 1)), "not_an_equivocation");
    assert_eq!(refused(""), "not_an_equivocation");
    assert_eq!(refused(EQUIVOCATION_MAGIC), "not_two_operations");
    let second = text.rfind("operation ").unwrap();
    assert_eq!(refused(&text[..second]), "not_two_operations");
    assert_eq!(refused(&format!("{text}{}", &text[second..])), "not_two_operations");
    assert_eq!(refused(&format!("{text}!\n")), "not_two_operations");
    let large = format!("{text}{}", "\n".repeat(2_000_000));
    assert!(matches!(Equivocation::from_text(&large), Err(EquivocationError::TooLarge(_))));
}

#[test]
fn the_largest_operations_fit_a_proof() {
    let mut cast = Cast::new(1);
    let link = cast.next_link("alice", Some(dmpc::ChannelId::from_bytes([3; 32])));
    let draft = dmpc::operation::Draft::message(dmpc::ChannelId::from_bytes([3; 32]), dmpc::KeyId::from_bytes([4; 32]));
    let mut large = |byte: u8| {
        cast.set_next_link("alice", Some(dmpc::ChannelId::from_bytes([3; 32])), link);
        cast.act("alice", draft, at(5), |_| dmpc::kinds::ChannelMessage::encode([0; 24], vec![byte; 523_900]))
    };
    let (one, other) = (large(1), large(2));
    let text = Equivocation::decode(one.bytes().clone(), other.bytes().clone()).unwrap().to_text();
    assert!(Equivocation::from_text(&text).is_ok());
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_tampered_operation_proves_nothing(at in any::<prop::sample::Index>(), bit in 0_u8..8, second: bool) {
        let (_, one, other) = pair();
        let target = if second { &other } else { &one };
        let mut bytes = target.bytes().to_vec();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let tampered = Bytes::from(bytes);
        let pair = if second { (one.bytes().clone(), tampered) } else { (tampered, other.bytes().clone()) };
        // ZIP 215 lets nobody but the signer make another signature, and a flipped bit is none of the signer's.
        prop_assert!(Equivocation::decode(pair.0, pair.1).is_err());
    }
}
