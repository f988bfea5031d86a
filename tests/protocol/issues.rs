//! Issues: what is carried to a certifier, who reads it before signing.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, LaneId, Permissions,
    error::Classified,
    hash::Domain,
    kinds::{Kind, UserCreate},
    operation::{Draft, Issue, Link, OperationError, certify, issue_for},
    v1,
    wire::schemas::OPERATION_BYTES_MAX,
};
use prost::Message;

use super::forge::Parts;
use crate::support::operations::{Cast, at};

fn close(cast: &Cast) -> Issue {
    let draft = Draft::channel(Kind::ChannelClose, ChannelId::from_bytes([3; 32]));
    cast.issue("bob", "root", draft, at(5), |_| Vec::new())
}

fn refused(bytes: Bytes) -> Option<&'static str> {
    Issue::decode(bytes).err().map(|error| error.reason())
}

#[test]
fn an_issue_arrives_as_it_was_sent_and_can_be_certified_there() {
    let mut cast = Cast::new(1);
    let sent = close(&cast);
    let arrived = Issue::decode(sent.bytes().clone()).unwrap();
    assert_eq!((arrived.certifier(), arrived.header().issuer), (cast.user("root"), cast.user("bob")));
    let operation = cast.certify("root", &arrived, at(6));
    assert_eq!((operation.timestamp(), operation.header().issued_at), (at(6), at(5)));
    assert_eq!(operation.issue().unwrap().as_bytes(), &Domain::IssueId.hash(&[&body_of(operation.bytes())]));
}

fn body_of(operation: &Bytes) -> Bytes {
    v1::Operation::decode(operation.clone()).unwrap().body
}

#[test]
fn an_issue_alone_is_no_operation() {
    let cast = Cast::new(1);
    let issue = close(&cast);
    assert_eq!(super::forge::verify_bytes(issue.bytes().clone()).err(), Some("certification_missing"));
}

#[test]
fn an_operation_is_no_issue() {
    let mut cast = Cast::new(1);
    let own = cast.create("root", "bob", Permissions::NONE, "", at(0));
    let certified = cast.create(("bob", "root"), "carol", Permissions::NONE, "", at(1));
    assert_eq!(refused(own.bytes().clone()), Some("certification_not_wanted"));
    assert_eq!(refused(certified.bytes().clone()), Some("certification_not_wanted"));
}

#[test]
fn a_certifier_is_shown_no_issue_whose_signatures_fail() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let channel = Some(ChannelId::from_bytes([3; 32]));
    let parts = Parts::of(bob, Kind::ChannelClose, channel, at(5), Vec::new()).certified_by(&root.user);
    let bytes = |operation: v1::Operation| operation.encode_to_vec().into();
    assert_eq!(refused(bytes(parts.signed(bob, Domain::SignIssue))), None);
    assert_eq!(refused(bytes(parts.signed(bob, Domain::SignOperation))), Some("bad_signature"));
    assert_eq!(refused(bytes(parts.signed(root, Domain::SignIssue))), Some("bad_signature"));
    let mut stranger = cast.public("carol");
    stranger.countersignature = cast.public("alice").countersignature;
    let create = UserCreate::encode(&stranger, Permissions::NONE, "");
    let parts = Parts::of(bob, Kind::UserCreate, None, at(5), create).certified_by(&root.user);
    assert_eq!(refused(bytes(parts.signed(bob, Domain::SignIssue))), Some("bad_signature"));
}

#[test]
fn an_issue_is_not_certified_before_it_was_issued() {
    let mut cast = Cast::new(1);
    let issue = close(&cast);
    let link = cast.next_link("root", issue.header().channel);
    let early = certify(cast.identity("root"), &issue, Hlc::from_bits(at(5).bits() - 1), link);
    assert_eq!(early.unwrap_err(), OperationError::CertifiedTooEarly);
}

#[test]
fn nobody_issues_for_itself_to_certify() {
    let cast = Cast::new(1);
    let draft = Draft::channel(Kind::ChannelClose, ChannelId::from_bytes([3; 32]));
    let payload = |_: &[u8]| Ok::<_, OperationError>(Vec::new());
    let bob = cast.identity("bob");
    let own = issue_for(bob, draft, at(5), bob.user, payload);
    assert_eq!(own.unwrap_err(), OperationError::SelfNamed);
}

#[test]
fn an_issue_over_the_limit_of_an_operation_is_refused() {
    let cast = Cast::new(1);
    let draft = Draft::message(ChannelId::from_bytes([3; 32]), dmpc::KeyId::from_bytes([4; 32]));
    let issue = |ciphertext: usize| {
        let payload = dmpc::kinds::ChannelMessage::encode([1; 24], vec![2; ciphertext]);
        issue_for(cast.identity("bob"), draft, at(5), cast.user("root"), |_| Ok::<_, OperationError>(payload))
    };
    let around = OPERATION_BYTES_MAX - issue(16).unwrap().bytes().len();
    let sizes: Vec<_> = (around - 20..around + 20).map(|size| issue(size).map(|issue| issue.bytes().len())).collect();
    let limit = sizes.iter().position(|size| *size == Ok(OPERATION_BYTES_MAX)).unwrap();
    assert!(sizes[..limit].iter().all(Result::is_ok) && sizes[limit + 1..].iter().all(Result::is_err));
    assert_eq!(sizes[limit + 1], Err(OperationError::TooLarge { bytes: OPERATION_BYTES_MAX + 1 }));
}

#[test]
fn who_is_not_named_as_certifier_does_not_certify() {
    let cast = Cast::new(1);
    let issue = close(&cast);
    let link = Link::first(LaneId::from_bytes([5; 16]));
    let refused = certify(cast.identity("alice"), &issue, at(6), link).unwrap_err();
    let expected = OperationError::NotTheCertifier { named: cast.user("root"), certifier: cast.user("alice") };
    assert_eq!((&refused, refused.reason()), (&expected, "not_the_certifier"));
    assert!(certify(cast.identity("root"), &issue, at(6), link).is_ok());
}

#[test]
fn a_forged_certification_names_nobody_but_the_certifier_of_the_issue() {
    let mut cast = Cast::new(1);
    let issue = close(&cast);
    let operation = cast.certify("alice", &issue, at(6));
    assert_eq!(operation.certifier(), cast.user("root"), "the header decides, the projection rejects the key");
    assert_ne!(operation.certifier_key(), cast.identity("root").signing.verifying_key());
}
