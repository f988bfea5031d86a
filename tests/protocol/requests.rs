//! Requests that read: for one node, for a minute, signed in a domain of their own.

use bytes::Bytes;
use dmpc::{
    ChannelId, LaneId, NodeId,
    error::{Classified, ErrorClass},
    hash::Domain,
    request::{Query, REQUEST_AHEAD_MS_MAX, REQUEST_LIFETIME_MS, RequestError, VerifiedRequest, sign_request},
    v1,
};
use prost::Message;

use super::forge::field;
use crate::support::operations::Cast;

const NODE: NodeId = NodeId::from_bytes([2; 32]);
const CHANNEL: ChannelId = ChannelId::from_bytes([3; 32]);
const NOW: u64 = 1_704_067_200_000;

fn queries(cast: &Cast) -> Vec<Query> {
    let cursor = field(b"cursor");
    vec![
        Query::Users { users: Vec::new(), cursor: Bytes::new(), limit: 0 },
        Query::Users { users: vec![cast.user("alice"), cast.user("bob")], cursor: cursor.clone(), limit: 5 },
        Query::channel(CHANNEL),
        Query::Channels { cursor: cursor.clone(), limit: u32::MAX },
        Query::Messages { channel: CHANNEL, cursor: cursor.clone(), limit: 1, backward: true },
        Query::Subscribe { channel: CHANNEL, cursor: cursor.clone(), from_now: true },
        Query::Channel { channel: CHANNEL, cursor: cursor.clone(), limit: 3 },
        Query::Keys { user: cast.user("alice"), key: None, cursor: Bytes::new(), limit: 0 },
        Query::Keys {
            user: cast.user("alice"),
            key: Some(cast.identity("alice").signing.verifying_key()),
            cursor,
            limit: 9,
        },
        Query::LaneEnd {
            user: cast.user("alice"),
            key: cast.identity("alice").signing.verifying_key(),
            lane: LaneId::from_bytes([6; 16]),
        },
    ]
}

fn request(now: u64) -> VerifiedRequest {
    let cast = Cast::new(1);
    VerifiedRequest::decode(&sign_request(cast.identity("bob"), &NODE, [4; 16], now, &Query::channel(CHANNEL), None))
        .unwrap()
}

/// Signs a request that `change` may spoil.
fn spoiled(change: impl FnOnce(&mut v1::Request)) -> Result<VerifiedRequest, RequestError> {
    let cast = Cast::new(1);
    let bob = cast.identity("bob");
    let bytes = sign_request(bob, &NODE, [4; 16], NOW, &Query::channel(CHANNEL), Some(&cast.encryption_key("bob")));
    let signed = v1::SignedRequest::decode(bytes).unwrap();
    let mut request = v1::Request::decode(signed.request).unwrap();
    change(&mut request);
    let request: Bytes = request.encode_to_vec().into();
    let signature = field(bob.signing.sign(Domain::SignRequest, &[&request]).0);
    VerifiedRequest::decode(&v1::SignedRequest { request, signature }.encode_to_vec().into())
}

fn refusal(change: impl FnOnce(&mut v1::Request)) -> Option<&'static str> {
    spoiled(change).err().map(|error| error.reason())
}

#[test]
fn every_query_arrives_as_it_was_asked() {
    let cast = Cast::new(1);
    let bob = cast.identity("bob");
    for query in queries(&cast) {
        for reply_to in [None, Some(cast.encryption_key("bob"))] {
            let signed = sign_request(bob, &NODE, [4; 16], NOW, &query, reply_to.as_ref());
            let request = VerifiedRequest::decode(&signed).unwrap();
            assert_eq!((&request.query, request.reply_to), (&query, reply_to));
            assert_eq!((request.node, request.user, request.nonce), (NODE, bob.user, [4; 16]));
            assert_eq!((request.key, request.issued_at_ms), (bob.signing.verifying_key(), NOW));
        }
    }
}

#[test]
fn the_end_of_a_lane_is_asked_for_beside_its_key() {
    let user = field(Cast::new(1).user("alice").as_bytes());
    let keys = |key, lane| v1::Query {
        keys: Some(v1::ReadKeys { user, key, lane, ..Default::default() }),
        ..Default::default()
    };
    let query = keys(Bytes::new(), field([6; 16]));
    assert_eq!(refusal(|request| request.query = Some(query)), Some("missing_field"));
}

#[test]
fn one_for_another_node_is_refused() {
    let other = NodeId::from_bytes([9; 32]);
    assert_eq!(request(NOW).require_fresh(&other, NOW, NOW), Err(RequestError::OtherNode(NODE)));
}

#[test]
fn one_expires_after_a_minute() {
    let fresh = |now| request(NOW).require_fresh(&NODE, now, 0);
    assert_eq!(REQUEST_LIFETIME_MS, 60_000);
    assert_eq!((fresh(NOW), fresh(NOW + 60_000)), (Ok(0), Ok(0)));
    assert_eq!(fresh(NOW + 60_001), Err(RequestError::Expired(60_001)));
    assert_eq!(fresh(u64::MAX), Err(RequestError::Expired(u64::MAX - NOW)));
}

#[test]
fn one_that_is_a_little_ahead_has_to_wait_and_one_that_is_more_is_refused() {
    let fresh = |now| request(NOW).require_fresh(&NODE, now, 0);
    assert_eq!(REQUEST_AHEAD_MS_MAX, 2_000);
    assert_eq!((fresh(NOW - 1), fresh(NOW - 2_000)), (Ok(1), Ok(2_000)));
    let refused = fresh(NOW - 2_001).unwrap_err();
    assert_eq!((&refused, refused.reason()), (&RequestError::Ahead(2_001), "request_ahead"));
    assert!(refused.to_string().contains("2001 ms ahead"), "{refused}");
    let at_the_end = spoiled(|request| request.issued_at_ms = u64::MAX).unwrap();
    assert!(matches!(at_the_end.require_fresh(&NODE, NOW, 0), Err(RequestError::Ahead(_))));
}

#[test]
fn one_from_before_the_start_is_refused() {
    let started = |started| request(NOW).require_fresh(&NODE, NOW + 10, started);
    assert_eq!(started(NOW - 1), Ok(0));
    assert_eq!(started(NOW), Err(RequestError::BeforeStart));
    assert_eq!(started(NOW + 1), Err(RequestError::BeforeStart));
}

#[test]
fn what_was_answered_before_a_restart_is_refused_after_it() {
    // Whatever the clock of the asker said: an answer is given when the node's clock is there.
    let request = request(NOW);
    for arrived in (NOW - 3_000..NOW + 61_000).step_by(100) {
        let Ok(wait) = request.require_fresh(&NODE, arrived, 0) else { continue };
        let answered = arrived + wait;
        assert_eq!(request.require_fresh(&NODE, answered, 0), Ok(0));
        for (restarted, again) in [(0, 0), (0, 1), (1, 500), (1_500, 1_500), (30_000, 30_001)] {
            let (restarted, again) = (answered + restarted, answered + again);
            assert!(request.require_fresh(&NODE, again.max(restarted), restarted).is_err(), "{arrived}");
        }
    }
}

#[test]
fn staleness_has_a_class_of_its_own() {
    let errors = [
        RequestError::OtherNode(NODE),
        RequestError::Expired(1),
        RequestError::Ahead(1),
        RequestError::BeforeStart,
        RequestError::Replayed,
    ];
    assert!(errors.iter().all(|error| error.class() == ErrorClass::StaleRequest));
    let reasons: std::collections::BTreeSet<_> = errors.iter().map(|error| error.reason()).collect();
    assert_eq!(reasons.len(), errors.len());
}

#[test]
fn one_that_was_tampered_with_is_refused() {
    let cast = Cast::new(1);
    let signed = sign_request(cast.identity("bob"), &NODE, [4; 16], NOW, &Query::channel(CHANNEL), None);
    let wire = v1::SignedRequest::decode(signed).unwrap();
    let refused = |wire: v1::SignedRequest| VerifiedRequest::decode(&wire.encode_to_vec().into()).unwrap_err().reason();
    let mut request = v1::Request::decode(wire.request.clone()).unwrap();
    request.issued_at_ms += 1;
    let later = v1::SignedRequest { request: request.encode_to_vec().into(), ..wire.clone() };
    assert_eq!(refused(later), "bad_signature");
    request.key = field(cast.public("carol").signing_key.as_bytes());
    let of_carol = v1::SignedRequest { request: request.encode_to_vec().into(), ..wire.clone() };
    assert_eq!(refused(of_carol), "bad_signature");
    for domain in [Domain::SignOperation, Domain::SignIssue, Domain::SignCertification, Domain::SignCountersignature] {
        let signature = field(cast.identity("bob").signing.sign(domain, &[&wire.request]).0);
        assert_eq!(refused(v1::SignedRequest { signature, ..wire.clone() }), "bad_signature", "{domain:?}");
    }
    assert_eq!(refused(v1::SignedRequest { signature: Bytes::new(), ..wire }), "missing_field");
}

#[test]
fn one_misses_nothing() {
    assert_eq!(refusal(|_| {}), None);
    assert_eq!(refusal(|request| request.version = 0), Some("unknown_version"));
    assert_eq!(refusal(|request| request.version = 2), Some("unknown_version"));
    assert_eq!(refusal(|request| request.node = Bytes::new()), Some("missing_field"));
    assert_eq!(refusal(|request| request.user = Bytes::new()), Some("missing_field"));
    assert_eq!(refusal(|request| request.key = Bytes::new()), Some("missing_field"));
    assert_eq!(refusal(|request| request.nonce = Bytes::new()), Some("missing_field"));
    assert_eq!(refusal(|request| request.query = None), Some("not_one_query"));
    assert_eq!(refusal(|request| request.reply_to = Bytes::new()), None, "then the answer is plain");
}

#[test]
fn one_holds_exactly_one_query() {
    assert_eq!(refusal(|request| request.query = Some(v1::Query::default())), Some("not_one_query"));
    let two = |request: &mut v1::Request| request.query.as_mut().unwrap().users = Some(v1::ReadUsers::default());
    assert_eq!(refusal(two), Some("not_one_query"));
}

#[test]
fn keys_of_small_order_neither_sign_nor_receive() {
    assert_eq!(refusal(|request| request.key = field([0; 32])), Some("small_order_signing_key"));
    assert_eq!(refusal(|request| request.reply_to = field([0; 32])), Some("small_order_encryption_key"));
}

#[test]
fn a_query_names_its_channel() {
    let nameless = |request: &mut v1::Request| {
        request.query = Some(v1::Query { channel: Some(v1::ReadChannel::default()), ..Default::default() });
    };
    assert_eq!(refusal(nameless), Some("missing_field"));
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    let cast = Cast::new(1);
    let signed = sign_request(cast.identity("bob"), &NODE, [4; 16], NOW, &Query::channel(CHANNEL), None);
    let trailing = field([signed.as_ref(), &[0]].concat());
    for bytes in [Bytes::new(), field(b"hello"), signed.slice(1..), trailing] {
        assert!(VerifiedRequest::decode(&bytes).is_err());
    }
}
