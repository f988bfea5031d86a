//! A close that comes after everything that it forbids: judged again in steps, while clients write and listen.

use bytes::Bytes;
use dmpc::{
    OpKey, Rights, VerifiedOperation,
    request::Query,
    v1::{EventKind, OutcomeKind},
};

use super::scene::Scene;
use crate::support::{
    client::{Client, Events, Via, request},
    server::Server,
};

/// Messages of the channel: some steps of the node.
const MESSAGES: usize = 25_000;
/// Operations of a transaction.
const TOGETHER: usize = 1_000;

/// The first page of the channel: none, or from the first message on.
async fn assert_all_or_nothing(scene: &Scene, first: &VerifiedOperation) {
    let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 10, backward: false };
    let request = request(&scene.cast, "bob", &scene.server.node, &query);
    let page = scene.client(Via::Grpc).await.read(&query, request).await.unwrap().messages.unwrap();
    if let Some(message) = page.messages.first() {
        assert_eq!((message.position, &message.operation), (0, first.bytes()), "half of a re-judgement");
    }
}

/// Reads on until a range, or several, tell of all messages.
async fn assert_all_are_retracted(events: &mut Events, messages: &[VerifiedOperation]) {
    let mut retracted = 0;
    while retracted < MESSAGES {
        for event in events.next_batch().await.unwrap().events {
            match event.kind() {
                EventKind::CaughtUp | EventKind::Closed => continue,
                kind => assert_eq!(kind, EventKind::Retracted),
            }
            assert_eq!(event.reason, "channel_closed");
            assert_eq!(event.operation_id, messages[retracted].id().as_bytes().as_slice());
            let count = usize::try_from(event.count).unwrap().max(1);
            retracted += count;
            if count > 1 {
                assert_eq!(OpKey::from_slice(&event.through).unwrap(), messages[retracted - 1].key());
            }
        }
    }
    assert_eq!(retracted, MESSAGES);
}

/// Somebody writes elsewhere meanwhile: each message is taken at once.
async fn write_elsewhere(server: &Server, operations: &[VerifiedOperation]) {
    for operation in operations {
        let mut client = Client::connect(server, Via::Ws).await;
        assert_eq!(client.submit_one(operation).await.kind(), OutcomeKind::Applied);
    }
}

#[tokio::test]
async fn a_close_that_comes_late_is_judged_in_steps_while_clients_write_and_listen() {
    let mut scene = Scene::new().await;
    let early = scene.tick();
    let messages = scene.messages(MESSAGES);
    for together in messages.chunks(TOGETHER) {
        scene.apply(together).await;
    }
    let time = scene.tick();
    let (opening, other) = scene.cast.open("alice", "elsewhere", &[("bob", Rights::WRITE)], time);
    scene.apply(&[opening]).await;
    let elsewhere: Vec<VerifiedOperation> = (0..10)
        .map(|_| {
            let time = scene.tick();
            scene.cast.message("bob", &other, "elsewhere", time)
        })
        .collect();
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let subscription = request(&scene.cast, "bob", &scene.server.node, &query);
    let mut events = scene.client(Via::Grpc).await.subscribe(subscription).await.unwrap();
    let before = scene.server.info().await;

    let close = scene.cast.close("alice", &scene.room, early);
    scene.apply(&[close]).await;
    let watch = async {
        for _ in 0..10 {
            assert_all_or_nothing(&scene, &messages[0]).await;
        }
    };
    let listen = assert_all_are_retracted(&mut events, &messages);
    tokio::join!(write_elsewhere(&scene.server, &elsewhere), watch, listen);

    let after = scene.server.info().await;
    assert_ne!(after.state_digest, before.state_digest);
    assert_eq!(after.operations, before.operations + 11);
    assert!(scene.server.log().contains("judging operations again"), "{}", scene.server.log());
}
