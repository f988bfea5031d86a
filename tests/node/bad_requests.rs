//! Requests that are not answered: refused with the same typed reason on both front ends; the node goes on.

use bytes::Bytes;
use dmpc::{
    ChannelId, NodeId,
    kinds::FieldWrite,
    request::Query,
    transaction::{Content, PipelineOptions, encode},
};

use super::scene::Scene;
use crate::support::client::{Client, Code, Refused, Via, now_ms, raw_request, request, request_at, transaction};

fn channels() -> Query {
    Query::Channels { cursor: Bytes::new(), limit: 0 }
}

fn all_users() -> Query {
    Query::Users { users: Vec::new(), cursor: Bytes::new(), limit: 0 }
}

fn messages(channel: ChannelId, cursor: &'static [u8]) -> Query {
    Query::Messages { channel, cursor: Bytes::from_static(cursor), limit: 0, backward: false }
}

/// That each front end refuses a request with this reason; gRPC with this code too.
async fn assert_refused(scene: &Scene, query: &Query, make: impl Fn() -> Bytes, reason: &str, code: tonic::Code) {
    for via in Via::ALL {
        let code = via.answered(code);
        let refused = scene.client(via).await.read(query, make()).await.unwrap_err();
        assert_eq!(refused, Refused { reason: reason.to_owned(), code }, "{via:?}");
    }
}

#[tokio::test]
async fn what_is_no_request() {
    let mut scene = Scene::new().await;
    let (query, node) = (channels(), scene.server.node);
    let message = scene.message("bob", "an operation");
    let no_transaction = || Bytes::from_static(b"\xff\xff");
    assert_refused(&scene, &query, no_transaction, "truncated", tonic::Code::InvalidArgument).await;
    let operations = || transaction(&[&message]);
    assert_refused(&scene, &query, operations, "not_a_request", tonic::Code::InvalidArgument).await;
    let garbage = || raw_request(b"\xff\xff");
    assert_refused(&scene, &query, garbage, "truncated", tonic::Code::InvalidArgument).await;
    let sealed = || {
        let request = Content::Request(Bytes::from_static(b"sealed"));
        encode(&request, PipelineOptions::default(), &[scene.cast.encryption_key("bob")]).unwrap()
    };
    assert_refused(&scene, &query, sealed, "not_sealed_to_this_key", tonic::Code::InvalidArgument).await;
    let forged = || {
        let mut bytes = request(&scene.cast, "bob", &node, &query).to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        bytes.into()
    };
    assert_refused(&scene, &query, forged, "bad_signature", tonic::Code::Unauthenticated).await;
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn what_is_not_fresh() {
    let scene = Scene::new().await;
    let (query, node) = (channels(), scene.server.node);
    let stale = tonic::Code::FailedPrecondition;
    let other_node = || request(&scene.cast, "bob", &NodeId::from_bytes([9; 32]), &query);
    assert_refused(&scene, &query, other_node, "other_node", stale).await;
    let expired = || request_at(&scene.cast, "bob", &node, &query, now_ms() - 61_000, None);
    assert_refused(&scene, &query, expired, "request_expired", stale).await;
    let ahead = || request_at(&scene.cast, "bob", &node, &query, now_ms() + 62_000, None);
    assert_refused(&scene, &query, ahead, "request_ahead", stale).await;
    let just_ahead = || request_at(&scene.cast, "bob", &node, &query, now_ms() + 4_000, None);
    assert_refused(&scene, &query, just_ahead, "request_ahead", stale).await;
    let before_start = || request_at(&scene.cast, "bob", &node, &query, now_ms() - 50_000, None);
    assert_refused(&scene, &query, before_start, "request_before_start", stale).await;
}

#[tokio::test]
async fn a_request_that_is_a_little_ahead_is_answered_when_the_node_is_there() {
    let scene = Scene::new().await;
    let (query, node) = (channels(), scene.server.node);
    for via in Via::ALL {
        let stamped = now_ms() + 1_000;
        let ahead = request_at(&scene.cast, "bob", &node, &query, stamped, None);
        scene.client(via).await.read(&query, ahead.clone()).await.unwrap();
        assert!(now_ms() >= stamped, "{via:?} answered before its time");
        let again = scene.client(via).await.read(&query, ahead).await.unwrap_err();
        assert_eq!(again.reason, "request_replayed");
    }
}

#[tokio::test]
async fn a_request_that_was_answered_is_refused_after_a_restart() {
    let mut scene = Scene::new().await;
    let (query, node) = (channels(), scene.server.node);
    let answered = request_at(&scene.cast, "bob", &node, &query, now_ms() + 500, None);
    scene.client(Via::Grpc).await.read(&query, answered.clone()).await.unwrap();
    scene.server.kill();
    scene.server.restart();
    let refused = scene.client(Via::Grpc).await.read(&query, answered).await.unwrap_err();
    assert_eq!(refused.reason, "request_before_start");
}

#[tokio::test]
async fn a_request_is_answered_once_whatever_the_front_end() {
    let scene = Scene::new().await;
    let (query, node) = (channels(), scene.server.node);
    for (first, second) in [(Via::Grpc, Via::Ws), (Via::Ws, Via::Json), (Via::Json, Via::Grpc)] {
        let request = request(&scene.cast, "bob", &node, &query);
        scene.client(first).await.read(&query, request.clone()).await.unwrap();
        for via in [second, first] {
            let refused = scene.client(via).await.read(&query, request.clone()).await.unwrap_err();
            assert_eq!(refused.reason, "request_replayed");
        }
    }
}

#[tokio::test]
async fn who_may_not_ask() {
    let mut scene = Scene::new().await;
    let (node, room) = (scene.server.node, scene.room.id);
    scene.cast.join("dave");
    let denied = tonic::Code::PermissionDenied;
    let cases = [
        ("dave", channels(), "unknown_user", denied),
        ("bob", all_users(), "permission_missing", denied),
        ("carol", messages(room, b""), "right_missing", denied),
        ("bob", messages(ChannelId::from_bytes([1; 32]), b""), "unknown_channel", tonic::Code::NotFound),
        ("bob", messages(room, b"no cursor"), "reset", tonic::Code::FailedPrecondition),
        ("carol", Query::channel(ChannelId::from_bytes([1; 32])), "unknown_channel", tonic::Code::NotFound),
        ("bob", Query::channel(ChannelId::from_bytes([1; 32])), "not_a_member", denied),
    ];
    for (name, query, reason, code) in cases {
        assert_refused(&scene, &query, || request(&scene.cast, name, &node, &query), reason, code).await;
    }
    let time = scene.tick();
    let rotation = scene.cast.rotate("bob", "bob", "former bob", time);
    let time = scene.tick();
    let deactivation = scene.cast.update("root", "carol", &[FieldWrite::Active(false)], time);
    scene.apply(&[rotation, deactivation]).await;
    let query = channels();
    let with_old_key = || request(&scene.cast, "former bob", &node, &query);
    assert_refused(&scene, &query, with_old_key, "key_not_current", tonic::Code::Unauthenticated).await;
    let by_inactive = || request(&scene.cast, "carol", &node, &query);
    assert_refused(&scene, &query, by_inactive, "user_inactive", denied).await;
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_call_takes_its_own_query_alone() {
    let scene = Scene::new().await;
    let node = scene.server.node;
    let subscribe = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: false };
    let as_subscription = || request(&scene.cast, "bob", &node, &subscribe);
    let invalid = tonic::Code::InvalidArgument;
    assert_refused(&scene, &channels(), as_subscription, "other_query", invalid).await;
    let mut client = scene.client(Via::Grpc).await;
    let as_channels = request(&scene.cast, "bob", &node, &channels());
    let refused = client.read(&messages(scene.room.id, b""), as_channels).await.unwrap_err();
    assert_eq!(refused, Refused { reason: "other_query".to_owned(), code: Code::Grpc(invalid) });
    let Client::Grpc(mut client) = client else { unreachable!() };
    let request = dmpc::v1::ReadRequest { transaction: request(&scene.cast, "bob", &node, &channels()) };
    let refused: Refused = client.subscribe(request).await.unwrap_err().into();
    assert_eq!(refused.reason, "other_query");
}
