//! Certifications: an operation is issued by one and certified by another, and neither half can be had without the other.

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, hash::Domain, kinds::Kind, v1};
use prost::Message;

use super::forge::{Parts, field, refusal, verify};
use crate::support::operations::{Cast, at};

fn issued(cast: &Cast, at: Hlc) -> Parts {
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let parts = Parts::of(cast.identity("bob"), Kind::ChannelClose, channel, at, Vec::new());
    parts.certified_by(&cast.user("root"))
}

fn refused(change: impl FnOnce(&mut v1::Operation), reason: &str) {
    let cast = Cast::new(1);
    let mut operation = issued(&cast, at(5)).certified(cast.identity("bob"), cast.identity("root"), |_| {});
    assert!(verify(&operation).is_ok());
    change(&mut operation);
    assert_eq!(verify(&operation).err(), Some(reason));
}

fn refused_inside(change: impl FnOnce(&mut v1::Certification), reason: &str) {
    let cast = Cast::new(1);
    let operation = issued(&cast, at(5)).certified(cast.identity("bob"), cast.identity("root"), change);
    assert_eq!(verify(&operation).err(), Some(reason));
}

#[test]
fn a_certified_operation_is_its_issuers_and_its_certifiers() {
    let mut cast = Cast::new(1);
    let operation = cast.create(("bob", "root", at(9)), "carol", dmpc::Permissions::NONE, "", at(5));
    assert_eq!((operation.issuer(), operation.certifier()), (cast.user("bob"), cast.user("root")));
    assert_eq!(operation.certifier_key(), cast.identity("root").signing.verifying_key());
    assert_eq!((operation.header().issued_at, operation.timestamp()), (at(5), at(9)));
    assert!(operation.issue().is_some());
    let own = cast.create("root", "carol", dmpc::Permissions::NONE, "", at(5));
    assert_eq!((own.issuer(), own.certifier(), own.timestamp()), (cast.user("root"), cast.user("root"), at(5)));
    assert!(own.issue().is_none() && own.certification().is_none());
}

#[test]
fn a_certification_cannot_be_stripped() {
    let strip = |operation: &mut v1::Operation| {
        operation.certification = Bytes::new();
        operation.certification_signature = Bytes::new();
    };
    refused(strip, "certification_missing");
    refused(|operation| operation.certification = Bytes::new(), "certification_missing");
    refused(|operation| operation.certification_signature = Bytes::new(), "missing_field");
    refused(|operation| operation.signature = Bytes::new(), "missing_field");
}

#[test]
fn a_certification_that_the_header_does_not_name_is_refused() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let certified = issued(&cast, at(5)).certified(bob, root, |_| {});
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let own = Parts::of(bob, Kind::ChannelClose, channel, at(5), Vec::new()).signed(bob, Domain::SignOperation);
    let both = v1::Operation { certification: certified.certification.clone(), ..own.clone() };
    assert_eq!(verify(&both).err(), Some("certification_not_wanted"));
    let signature = v1::Operation { certification_signature: certified.certification_signature.clone(), ..own };
    assert_eq!(verify(&signature).err(), Some("certification_not_wanted"));
}

#[test]
fn a_certification_cannot_be_moved_to_another_issue() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let other = issued(&cast, at(4)).certified(bob, root, |_| {});
    let moved = |operation: &mut v1::Operation| {
        operation.certification = other.certification.clone();
        operation.certification_signature = other.certification_signature.clone();
    };
    refused(moved, "certification_of_other_issue");
    refused_inside(|certification| certification.issue_id = field([0; 32]), "certification_of_other_issue");
}

#[test]
fn a_certification_stamped_before_its_issue_is_refused() {
    refused_inside(|certification| certification.timestamp = at(5).bits() - 1, "certified_too_early");
    refused_inside(|certification| certification.timestamp = 0, "certified_too_early");
    let cast = Cast::new(1);
    for later in [at(5).bits(), at(5).bits() + 1, u64::MAX] {
        let stamp = |certification: &mut v1::Certification| certification.timestamp = later;
        let operation = issued(&cast, at(5)).certified(cast.identity("bob"), cast.identity("root"), stamp);
        assert_eq!(verify(&operation).unwrap().timestamp(), Hlc::from_bits(later));
    }
}

#[test]
fn a_certification_misses_nothing() {
    refused_inside(|certification| certification.issue_id = Bytes::new(), "missing_field");
    refused_inside(|certification| certification.certifier_key = Bytes::new(), "missing_field");
    refused_inside(|certification| certification.link = None, "missing_field");
}

#[test]
fn the_signature_of_an_issue_is_none_of_an_operation_and_the_reverse() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let own = Parts::of(bob, Kind::ChannelClose, channel, at(5), Vec::new());
    assert_eq!(refusal(bob, &own), None);
    assert_eq!(verify(&own.signed(bob, Domain::SignIssue)).err(), Some("bad_signature"));
    let parts = issued(&cast, at(5));
    let signature = parts.signed(bob, Domain::SignOperation).signature;
    let swapped = v1::Operation { signature, ..parts.certified(bob, root, |_| {}) };
    assert_eq!(verify(&swapped).err(), Some("bad_signature"));
}

#[test]
fn every_domain_signs_for_itself_alone() {
    use Domain as D;
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let certified = issued(&cast, at(5)).certified(bob, root, |_| {});
    for other in [D::SignOperation, D::SignIssue, D::SignCountersignature, D::SignRequest, D::IssueId] {
        let signature = field(root.signing.sign(other, &[&certified.certification]).0);
        let wrong = v1::Operation { certification_signature: signature, ..certified.clone() };
        assert_eq!(verify(&wrong).err(), Some("bad_signature"), "{other:?}");
    }
}

#[test]
fn a_certification_that_is_not_strictly_encoded_is_refused() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let mut operation = issued(&cast, at(5)).certified(bob, root, |_| {});
    let spoiled: Bytes = [operation.certification.as_ref(), &super::raw::number(5, 1)].concat().into();
    operation.certification_signature = field(root.signing.sign(Domain::SignCertification, &[&spoiled]).0);
    operation.certification = spoiled;
    assert_eq!(verify(&operation).err(), Some("unknown_field"));
}

#[test]
fn the_certifiers_key_is_the_one_that_signs() {
    let cast = Cast::new(1);
    let (bob, root, alice) = (cast.identity("bob"), cast.identity("root"), cast.identity("alice"));
    let name_root = |certification: &mut v1::Certification| {
        certification.certifier_key = field(root.signing.verifying_key().as_bytes());
    };
    let by_alice = issued(&cast, at(5)).certified(bob, alice, name_root);
    assert_eq!(verify(&by_alice).err(), Some("bad_signature"));
}

#[test]
fn trailing_bytes_after_an_operation_are_refused() {
    let cast = Cast::new(1);
    let operation = issued(&cast, at(5)).certified(cast.identity("bob"), cast.identity("root"), |_| {});
    for extra in [&[0_u8][..], &[0x28, 0x01], b"\n\0"] {
        let bytes = [&operation.encode_to_vec(), extra].concat();
        assert!(super::forge::verify_bytes(bytes.into()).is_err());
    }
}
