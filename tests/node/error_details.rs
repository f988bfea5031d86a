//! Refusals over gRPC have details of google.rpc for programs, and the same reason as over websocket.

use std::time::Duration;

use bytes::Bytes;
use dmpc::{
    request::Query,
    v1::{self, ClientFrame, NodeInfoRequest},
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::scene::Scene;
use crate::support::{
    client::{Client, Via, grpc_client, items, raw_transaction, request, soon},
    server::node_program,
    socket::Socket,
};

/// The details of a refusal, whose reason and class stand where they always do.
fn details(status: &Status, code: Code, reason: &str, class: &str) -> ErrorDetails {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, "dmpc.v1"));
    assert_eq!(info.metadata["class"], class);
    assert!(!status.message().is_empty());
    details
}

/// The field that is wrong, and what is wrong with it.
fn violation(details: &ErrorDetails) -> Option<(String, String)> {
    let violations = &details.bad_request()?.field_violations;
    assert_eq!(violations.len(), 1);
    Some((violations[0].field.clone(), violations[0].description.clone()))
}

fn retry(details: &ErrorDetails) -> Option<Duration> {
    details.retry_info().and_then(|info| info.retry_delay)
}

/// What a websocket answers to a frame.
async fn reason(scene: &Scene, frame: ClientFrame) -> String {
    let mut socket = Socket::connect(&scene.server.ws).await;
    socket.send(&frame).await;
    soon(socket.next()).await.unwrap().error.unwrap().reason
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_said_of_its_field() {
    let scene = Scene::new().await;
    let mut client = grpc_client(&scene.server.grpc).await;
    let status = client.node_info(NodeInfoRequest { challenge: Bytes::from_static(b"short") }).await.unwrap_err();
    let found = details(&status, Code::InvalidArgument, "wrong_length", "malformed");
    assert_eq!(violation(&found).unwrap(), ("challenge".to_owned(), status.message().to_owned()));
    assert_eq!(retry(&found), None);
    let frame = ClientFrame {
        node_info: Some(NodeInfoRequest { challenge: Bytes::from_static(b"short") }),
        ..Default::default()
    };
    assert_eq!(reason(&scene, frame).await, "wrong_length");

    let read = v1::ReadRequest { transaction: raw_transaction(vec![Bytes::from_static(b"x")]) };
    let status = client.read_users(read.clone()).await.unwrap_err();
    let found = details(&status, Code::InvalidArgument, "not_a_request", "malformed");
    assert_eq!(violation(&found).unwrap().0, "transaction");
    assert_eq!(reason(&scene, ClientFrame { read: Some(read), ..Default::default() }).await, "not_a_request");

    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    let batch = v1::SubmitBatch { items: items(0, (0..257).map(|_| raw_transaction(Vec::new()))) };
    let mut acks = client.submit_stream(futures::stream::iter([batch])).await.unwrap().into_inner();
    let status = soon(acks.message()).await.unwrap_err();
    let found = details(&status, Code::InvalidArgument, "batch_items", "too_large");
    assert_eq!(violation(&found).unwrap().0, "items");
}

#[tokio::test]
async fn what_does_not_depend_on_the_message_names_no_field() {
    let scene = Scene::new().await;
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: false };
    let asked = || v1::ReadRequest { transaction: request(&scene.cast, "carol", &scene.server.node, &query) };
    let mut client = grpc_client(&scene.server.grpc).await;
    let status = client.subscribe(asked()).await.unwrap_err();
    let found = details(&status, Code::PermissionDenied, "right_missing", "permission_denied");
    assert_eq!((violation(&found), retry(&found)), (None, None));
    assert_eq!(reason(&scene, ClientFrame { subscribe: Some(asked()), ..Default::default() }).await, "right_missing");
}

#[tokio::test]
async fn who_is_refused_for_now_is_told_when_to_come_again() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_IDENTITY_REQUESTS_PER_SECOND", "1").env("DMPC_LIMITS_SUBSCRIPTIONS", "1");
    scene.server.restart_as(program).await;
    let query = Query::Users { users: vec![scene.cast.user("bob")], cursor: Bytes::new(), limit: 0 };
    let mut client = grpc_client(&scene.server.grpc).await;
    let status = loop {
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        if let Err(status) = client.read_users(v1::ReadRequest { transaction }).await {
            break status;
        }
    };
    let found = details(&status, Code::ResourceExhausted, "too_fast", "overloaded");
    assert_eq!((violation(&found), retry(&found)), (None, Some(Duration::from_secs(1))));

    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: false };
    let asked = |name| v1::ReadRequest { transaction: request(&scene.cast, name, &scene.server.node, &query) };
    let _first = client.subscribe(asked("alice")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = client.subscribe(asked("bob")).await.unwrap_err();
    let found = details(&status, Code::ResourceExhausted, "too_many_subscriptions", "overloaded");
    assert_eq!(retry(&found), Some(Duration::from_secs(5)));
}
