//! Subscriptions: stored events, the marker, live events; nothing missing, nothing twice, for those who may read.

use bytes::Bytes;
use dmpc::{
    ChannelId, Rights, VerifiedOperation,
    keys::DecryptionKey,
    request::Query,
    seal::open_age,
    v1::{self, ClientFrame, EventKind},
};
use prost::Message;
use rand_core::OsRng;

use super::scene::Scene;
use crate::support::{
    client::{Events, Refused, Via, now_ms, request, request_at, soon},
    socket::{Socket, Subprotocol},
};

fn query(channel: ChannelId, cursor: Bytes) -> Query {
    Query::Subscribe { channel, cursor, from_now: false }
}

async fn subscribe(scene: &Scene, via: Via, name: &str, query: &Query) -> Events {
    let request = request(&scene.cast, name, &scene.server.node, query);
    scene.client(via).await.subscribe(request).await.unwrap()
}

fn kinds(events: &[v1::Event]) -> Vec<EventKind> {
    events.iter().map(v1::Event::kind).collect()
}

fn assert_tells_of(events: &[v1::Event], operations: &[VerifiedOperation]) {
    let told: Vec<_> = events.iter().map(|event| event.operation.clone()).collect();
    let expected: Vec<_> = operations.iter().map(|operation| operation.bytes().clone()).collect();
    assert_eq!(told, expected);
    for (event, operation) in events.iter().zip(operations) {
        assert_eq!(event.operation_id, operation.id().as_bytes().as_slice());
        assert_eq!(event.timestamp, operation.timestamp().bits());
    }
}

#[tokio::test]
async fn stored_events_then_the_marker_then_live_ones() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let stored = scene.messages(5);
        scene.apply(&stored).await;
        let mut events = subscribe(&scene, via, "bob", &query(scene.room.id, Bytes::new())).await;
        let first = events.take(7).await.unwrap();
        let expected = [&[EventKind::Opened][..], &[EventKind::Message; 5], &[EventKind::CaughtUp]].concat();
        assert_eq!(kinds(&first), expected);
        assert_tells_of(&first[1..6], &stored);
        let live = scene.messages(3);
        scene.apply(&live).await;
        assert_tells_of(&events.take(3).await.unwrap(), &live);
        let (time, room) = (scene.tick(), scene.room.clone());
        let close = scene.cast.close("alice", &room, time);
        scene.apply(&[close]).await;
        assert_eq!(kinds(&events.take(1).await.unwrap()), [EventKind::Closed]);
    }
}

#[tokio::test]
async fn a_cursor_goes_on_without_missing_or_repeating() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(600);
    scene.apply(&messages[..300]).await;
    scene.apply(&messages[300..]).await;
    for via in Via::ALL {
        let mut all = subscribe(&scene, via, "bob", &query(scene.room.id, Bytes::new())).await;
        let all = all.take(602).await.unwrap();
        for index in [0, 1, 255, 256, 257, 599, 600] {
            let mut rest = subscribe(&scene, via, "bob", &query(scene.room.id, all[index].cursor.clone())).await;
            let rest = rest.take(601 - index).await.unwrap();
            assert_eq!(rest, all[index + 1..]);
        }
        let marker = all.last().unwrap();
        assert_eq!((marker.kind(), &marker.cursor), (EventKind::CaughtUp, &all[600].cursor));
    }
}

#[tokio::test]
async fn what_is_learnt_late_is_told_live() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let late = scene.message("bob", "written first");
        let early = scene.message("bob", "written second");
        scene.apply(std::slice::from_ref(&early)).await;
        let mut events = subscribe(&scene, via, "bob", &query(scene.room.id, Bytes::new())).await;
        events.take(3).await.unwrap();
        scene.apply(std::slice::from_ref(&late)).await;
        assert_tells_of(&events.take(1).await.unwrap(), &[late]);
    }
}

#[tokio::test]
async fn from_now_on_leaves_out_what_is_stored() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let stored = scene.messages(2);
        scene.apply(&stored).await;
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let mut events = subscribe(&scene, via, "bob", &query).await;
        assert_eq!(kinds(&events.take(1).await.unwrap()), [EventKind::CaughtUp]);
        let live = scene.messages(1);
        scene.apply(&live).await;
        assert_tells_of(&events.take(1).await.unwrap(), &live);
    }
}

#[tokio::test]
async fn a_channel_that_is_not_known_yet_is_waited_for() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let time = scene.tick();
        let (open, room) = scene.cast.open("alice", "later", &[("bob", Rights::READ)], time);
        let mut bobs = subscribe(&scene, via, "bob", &query(room.id, Bytes::new())).await;
        let mut carols = subscribe(&scene, via, "carol", &query(room.id, Bytes::new())).await;
        assert_eq!(kinds(&bobs.take(1).await.unwrap()), [EventKind::CaughtUp]);
        assert_eq!(kinds(&carols.take(1).await.unwrap()), [EventKind::CaughtUp]);
        scene.apply(std::slice::from_ref(&open)).await;
        assert_tells_of(&bobs.take(1).await.unwrap(), &[open]);
        assert_eq!(carols.next_batch().await.unwrap_err().reason, "right_missing");
    }
}

#[tokio::test]
async fn losing_the_right_to_read_ends_it() {
    for via in Via::ALL {
        let code = via.answered(tonic::Code::PermissionDenied);
        let mut scene = Scene::new().await;
        let mut events = subscribe(&scene, via, "bob", &query(scene.room.id, Bytes::new())).await;
        events.take(2).await.unwrap();
        let (time, room) = (scene.tick(), scene.room.clone());
        let removal = scene.cast.members("alice", &room, &[], &["bob"], time);
        scene.apply(&[removal]).await;
        let ended = events.next_batch().await.unwrap_err();
        assert_eq!(ended, Refused { reason: "right_missing".to_owned(), code });
    }
}

#[tokio::test]
async fn who_may_not_read_any_more_is_told_nothing_of_what_others_are_told_with_it() {
    for round in 0..5 {
        let mut scene = Scene::new().await;
        let mut alice = Vec::new();
        let mut bob = Vec::new();
        for via in Via::ALL {
            alice.push(subscribe(&scene, via, "alice", &query(scene.room.id, Bytes::new())).await);
            bob.push(subscribe(&scene, via, "bob", &query(scene.room.id, Bytes::new())).await);
        }
        for events in alice.iter_mut().chain(&mut bob) {
            assert_eq!(kinds(&events.take(2).await.unwrap()), [EventKind::Opened, EventKind::CaughtUp]);
        }
        // Both are at the end and read the same; nothing but messages has come since their rights were looked at.
        let messages: Vec<_> = (0..round).map(|_| scene.message("alice", "before")).collect();
        for message in &messages {
            scene.apply(std::slice::from_ref(message)).await;
        }
        let (time, room) = (scene.tick(), scene.room.clone());
        let removal = scene.cast.members("alice", &room, &[], &["bob"], time);
        let after = scene.message("alice", "after");
        scene.apply(&[removal, after.clone()]).await;
        for events in &mut alice {
            let all = events.take(round + 2).await.unwrap();
            assert_tells_of(&all[..round], &messages);
            assert_tells_of(&all[round + 1..], std::slice::from_ref(&after));
        }
        for events in &mut bob {
            let mut told = Vec::new();
            let refused = loop {
                match events.next_batch().await {
                    Ok(batch) => told.extend(batch.events),
                    Err(refused) => break refused,
                }
            };
            assert_eq!(refused.reason, "right_missing");
            assert_tells_of(&told, &messages[..told.len()]);
        }
    }
}

#[tokio::test]
async fn who_may_not_read_gets_no_subscription() {
    let scene = Scene::new().await;
    for via in Via::ALL {
        let request = request(&scene.cast, "carol", &scene.server.node, &query(scene.room.id, Bytes::new()));
        let refused = match scene.client(via).await.subscribe(request).await {
            Err(refused) => refused,
            Ok(mut events) => events.next_batch().await.unwrap_err(),
        };
        assert_eq!(refused.reason, "right_missing");
    }
}

#[tokio::test]
async fn a_foreign_cursor_is_told_to_start_again() {
    let scene = Scene::new().await;
    for via in Via::ALL {
        let query = query(scene.room.id, Bytes::from_static(b"of another node"));
        let refused = subscribe(&scene, via, "bob", &query).await.next_batch().await.unwrap_err();
        assert_eq!(refused.reason, "reset");
    }
}

#[tokio::test]
async fn events_are_sealed_to_who_asks_for_it() {
    let scene = Scene::new().await;
    let key = DecryptionKey::generate(&mut OsRng).unwrap();
    let reply_to = key.encryption_key().unwrap();
    let query = query(scene.room.id, Bytes::new());
    for via in Via::ALL {
        let request = request_at(&scene.cast, "bob", &scene.server.node, &query, now_ms(), Some(&reply_to));
        let mut events = scene.client(via).await.subscribe(request).await.unwrap();
        let batch = events.next_batch().await.unwrap();
        assert!(batch.events.is_empty());
        let opened = open_age(&batch.sealed, &key, 1, 1024 * 1024).unwrap();
        let opened = v1::EventBatch::decode(opened.as_slice()).unwrap();
        assert_eq!(kinds(&opened.events), [EventKind::Opened]);
    }
}

#[tokio::test]
async fn a_websocket_names_its_subscriptions() {
    for subprotocol in Subprotocol::ALL {
        assert_subscriptions_are_named(subprotocol).await;
    }
}

async fn assert_subscriptions_are_named(subprotocol: Subprotocol) {
    let mut scene = Scene::new().await;
    let mut socket = Socket::connect_as(&scene.server.ws, subprotocol).await;
    let subscribe = |scene: &Scene, id| {
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        ClientFrame { id, subscribe: Some(v1::ReadRequest { transaction }), ..ClientFrame::default() }
    };
    let unsubscribe = |id| ClientFrame { id, unsubscribe: true, ..ClientFrame::default() };
    for id in [1, 2] {
        socket.send(&subscribe(&scene, id)).await;
        let frame = soon(socket.next()).await.unwrap();
        assert_eq!((frame.id, kinds(&frame.events.unwrap().events)), (id, vec![EventKind::CaughtUp]));
    }
    for (ask, id, reason) in [
        (subscribe(&scene, 1), 1, "id_in_use"),
        (unsubscribe(3), 3, "no_subscription"),
        (unsubscribe(1), 1, "unsubscribed"),
        (unsubscribe(1), 1, "no_subscription"),
    ] {
        socket.send(&ask).await;
        let frame = soon(socket.next()).await.unwrap();
        assert_eq!((frame.id, frame.error.unwrap().reason.as_str()), (id, reason));
    }
    let live = scene.messages(1);
    scene.apply(&live).await;
    let frame = soon(socket.next()).await.unwrap();
    assert_eq!(frame.id, 2);
    assert_tells_of(&frame.events.unwrap().events, &live);
}

#[tokio::test]
async fn subscriptions_of_a_websocket_are_bounded() {
    let scene = Scene::new().await;
    let mut socket = Socket::connect(&scene.server.ws).await;
    for id in 0..65 {
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        let frame = ClientFrame { id, subscribe: Some(v1::ReadRequest { transaction }), ..ClientFrame::default() };
        socket.send(&frame).await;
        let answer = soon(socket.next()).await.unwrap();
        let reason = answer.error.map(|error| error.reason);
        assert_eq!((answer.id, reason.as_deref()), (id, (id == 64).then_some("too_many_subscriptions")));
    }
}
