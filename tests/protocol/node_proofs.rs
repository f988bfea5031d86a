//! Proofs of a node: its id stands for its keys, and their holder answers.

use bytes::Bytes;
use dmpc::{
    Identity, NodeId,
    error::Classified,
    hash::Domain,
    identity::node_id,
    node_proof::{NodeProofError, ProvenNode, prove_node},
    v1,
};

use super::forge::field;
use crate::support::operations::Cast;

const CHALLENGE: [u8; 32] = [5; 32];

fn node_of(identity: &Identity) -> NodeId {
    node_id(&identity.signing.verifying_key(), &identity.encryption.encryption_key().unwrap())
}

/// What an honest node answers.
fn answer(identity: &Identity, challenge: &[u8; 32]) -> v1::NodeInfoResponse {
    let (node, recipient) = (node_of(identity), identity.encryption.encryption_key().unwrap());
    v1::NodeInfoResponse {
        node: field(node.as_bytes()),
        recipient: field(recipient.as_bytes()),
        signing_key: field(identity.signing.verifying_key().as_bytes()),
        signature: field(prove_node(&identity.signing, &node, &recipient, challenge).0),
        ..Default::default()
    }
}

fn refused(change: impl FnOnce(&mut v1::NodeInfoResponse)) -> Option<&'static str> {
    let cast = Cast::new(1);
    let mut info = answer(cast.identity("alice"), &CHALLENGE);
    change(&mut info);
    ProvenNode::check(&info, &CHALLENGE).err().map(|error| error.reason())
}

#[test]
fn a_node_proves_its_id_to_who_asked() {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let proven = ProvenNode::check(&answer(alice, &CHALLENGE), &CHALLENGE).unwrap();
    assert_eq!((proven.node, proven.recipient), (node_of(alice), cast.encryption_key("alice")));
}

#[test]
fn keys_that_are_not_those_of_the_id_are_refused() {
    let cast = Cast::new(1);
    let (alice, bob) = (cast.identity("alice"), cast.identity("bob"));
    let posing = v1::NodeInfoResponse { node: field(node_of(alice).as_bytes()), ..answer(bob, &CHALLENGE) };
    let expected = NodeProofError::OtherKeys { named: node_of(alice), keys: node_of(bob) };
    assert_eq!(ProvenNode::check(&posing, &CHALLENGE), Err(expected));
    let mut with_own_recipient = answer(alice, &CHALLENGE);
    with_own_recipient.recipient = field(cast.encryption_key("bob").as_bytes());
    assert!(matches!(ProvenNode::check(&with_own_recipient, &CHALLENGE), Err(NodeProofError::OtherKeys { .. })));
}

#[test]
fn an_answer_to_another_challenge_proves_nothing() {
    let cast = Cast::new(1);
    let repeated = answer(cast.identity("alice"), &[6; 32]);
    let refused = ProvenNode::check(&repeated, &CHALLENGE).unwrap_err();
    assert_eq!(refused.reason(), "bad_signature");
}

#[test]
fn a_signature_of_another_domain_proves_nothing() {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let (node, recipient) = (node_of(alice), cast.encryption_key("alice"));
    let signed: [&[u8]; 3] = [node.as_bytes(), recipient.as_bytes(), &CHALLENGE];
    for domain in [Domain::SignRequest, Domain::SignOperation, Domain::NodeId] {
        let signature = field(alice.signing.sign(domain, &signed).0);
        assert_eq!(refused(|info| info.signature = signature), Some("bad_signature"), "{domain:?}");
    }
}

#[test]
fn an_answer_without_its_proof_is_refused() {
    assert_eq!(refused(|_| {}), None);
    assert_eq!(refused(|info| info.signature = Bytes::new()), Some("wrong_length"));
    assert_eq!(refused(|info| info.signing_key = Bytes::new()), Some("wrong_length"));
    assert_eq!(refused(|info| info.recipient = field([1; 31])), Some("wrong_length"));
    assert_eq!(refused(|info| info.node = Bytes::new()), Some("wrong_length"));
    assert_eq!(refused(|info| info.signing_key = field([0; 32])), Some("small_order_signing_key"));
}
