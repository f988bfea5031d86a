//! What a subscription tells of a channel, whom it goes on telling, and how one that was too slow goes on.

use bytes::Bytes;
use dmpc::{
    Rights,
    kinds::FieldWrite,
    request::Query,
    v1::{self, ClientFrame, EventKind, ServerFrame},
};
use prost::Message as _;

use super::scene::Scene;
use crate::support::{
    client::{Events, Via, request, soon},
    raw_ws::RawSocket,
    server::node_program,
};

async fn subscribe(scene: &Scene, via: Via, name: &str) -> Events {
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let request = request(&scene.cast, name, &scene.server.node, &query);
    let mut events = scene.client(via).await.subscribe(request).await.unwrap();
    assert_eq!(events.take(1).await.unwrap()[0].kind(), EventKind::CaughtUp);
    events
}

#[tokio::test]
async fn every_kind_of_event_is_told_as_it_happens() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let mut events = subscribe(&scene, via, "bob").await;
        let room = scene.room.clone();
        let members = {
            let time = scene.tick();
            scene.cast.members("alice", &room, &[("carol", Rights::READ.union(Rights::WRITE))], &[], time)
        };
        let time = scene.tick();
        let (epoch, next) = scene.cast.epoch("alice", &room, &["alice", "bob", "carol"], time);
        let time = scene.tick();
        let message = scene.cast.message("carol", &next, "hello", time);
        for (operation, kind) in
            [(&members, EventKind::Members), (&epoch, EventKind::Epoch), (&message, EventKind::Message)]
        {
            scene.apply(std::slice::from_ref(operation)).await;
            let event = events.take(1).await.unwrap().remove(0);
            assert_eq!((event.kind(), &event.operation), (kind, operation.bytes()));
            assert_eq!(
                (event.reason.as_str(), event.operation_id.as_ref()),
                ("", operation.id().as_bytes().as_slice())
            );
        }
        // What made carol a member is undone before her message, by what arrives after it; and then done again.
        let between = dmpc::Hlc::from_bits(time.bits() - 2);
        let removal = scene.cast.members("alice", &room, &[], &["carol"], between);
        scene.apply(&[removal]).await;
        let told = events.take(2).await.unwrap();
        let of_message = told.iter().find(|event| event.kind() == EventKind::Retracted).unwrap();
        assert_eq!(of_message.operation_id, message.id().as_bytes().as_slice());
        assert!(!of_message.reason.is_empty() && of_message.operation.is_empty(), "{of_message:?}");
        assert!(told.iter().any(|event| event.kind() == EventKind::Members), "{told:?}");
        let between = dmpc::Hlc::from_bits(time.bits() - 1);
        let both = Rights::READ.union(Rights::WRITE);
        let again = scene.cast.members("alice", &next, &[("carol", both)], &[], between);
        scene.apply(&[again]).await;
        let told = events.take(2).await.unwrap();
        let of_message = told.iter().find(|event| event.kind() == EventKind::Restored).unwrap();
        assert_eq!(of_message.operation_id, message.id().as_bytes().as_slice());
        let time = scene.tick();
        let close = scene.cast.close("alice", &room, time);
        scene.apply(std::slice::from_ref(&close)).await;
        let event = events.take(1).await.unwrap().remove(0);
        assert_eq!((event.kind(), &event.operation), (EventKind::Closed, close.bytes()));
    }
}

#[tokio::test]
async fn who_is_deactivated_is_told_nothing_more() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let mut events = subscribe(&scene, via, "bob").await;
        let time = scene.tick();
        let off = scene.cast.update("root", "bob", &[FieldWrite::Active(false)], time);
        scene.apply(&[off]).await;
        assert_eq!(events.next_batch().await.unwrap_err().reason, "user_inactive", "{via:?}");
    }
}

#[tokio::test]
async fn who_subscribed_with_a_key_of_before_is_told_nothing_more() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let mut events = subscribe(&scene, via, "bob").await;
        let time = scene.tick();
        let rotation = scene.cast.rotate("bob", "bob", "bob before", time);
        // The old key signs it.
        scene.apply(&[rotation]).await;
        assert_eq!(events.next_batch().await.unwrap_err().reason, "key_not_current", "{via:?}");
    }
}

#[tokio::test]
async fn a_websocket_that_was_too_slow_goes_on_from_its_last_cursor() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_SUBSCRIBER_SECONDS", "1");
    scene.server.restart_as(program).await;
    let messages: Vec<_> = (0..1_024).map(|_| scene.message("bob", &"x".repeat(16_000))).collect();
    for chunk in messages.chunks(32) {
        scene.apply(chunk).await;
    }
    let mut told: Vec<v1::Event> = Vec::new();
    let mut ended = 0;
    while told.len() < 1 + messages.len() {
        let cursor = told.last().map(|event| event.cursor.clone()).unwrap_or_default();
        let query = Query::Subscribe { channel: scene.room.id, cursor, from_now: false };
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        let subscribe = Some(v1::ReadRequest { transaction });
        let mut socket = RawSocket::open(&scene.server.ws).await;
        socket.send(&ClientFrame { id: 1, subscribe, ..ClientFrame::default() }.encode_to_vec()).await;
        if ended == 0 {
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        }
        while told.len() < 1 + messages.len() {
            let Some((kind, payload)) = soon(socket.next()).await else { break };
            if kind != 2 {
                continue;
            }
            let frame = ServerFrame::decode(payload).unwrap();
            if let Some(error) = frame.error {
                assert_eq!(error.reason, "slow_subscriber");
                break;
            }
            told.extend(frame.events.unwrap().events);
        }
        ended += 1;
    }
    assert!(ended > 1, "it was not too slow");
    let ids: Vec<_> = told.iter().skip(1).map(|event| event.operation_id.clone()).collect();
    let expected: Vec<_> = messages.iter().map(|message| Bytes::copy_from_slice(message.id().as_bytes())).collect();
    assert_eq!(ids, expected);
}
