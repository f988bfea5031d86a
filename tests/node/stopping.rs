//! How a node ends: asked to, it answers what it accepted; killed, it loses nothing that it acknowledged.

use bytes::Bytes;
use dmpc::{VerifiedOperation, request::Query, v1};
use futures::{StreamExt, stream};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::scene::Scene;
use crate::support::client::{Client, Code, Refused, Via, items, request, soon, transaction};

async fn assert_all_logged(scene: &Scene, operations: &[VerifiedOperation]) {
    for chunk in operations.chunks(200) {
        let transactions = chunk.iter().map(|operation| transaction(&[operation])).collect();
        let acks = scene.client(Via::Grpc).await.submit(transactions).await;
        assert!(acks.iter().all(|ack| ack.outcomes[0].kind() == v1::OutcomeKind::Duplicate));
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let messages = scene.messages(300);
        for chunk in messages.chunks(100) {
            let transactions = chunk.iter().map(|message| transaction(&[message])).collect();
            scene.client(via).await.submit(transactions).await;
            scene.server.kill();
            scene.server.restart();
        }
        assert_eq!(scene.server.info().await.operations, 304);
        assert_all_logged(&scene, &messages).await;
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_leaves_everything_acknowledged() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(2_000);
    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    let batches: Vec<_> = batches(&messages);
    let mut acks = client.submit_stream(stream::iter(batches)).await.unwrap().into_inner();
    let mut acknowledged = 0;
    while let Ok(Some(batch)) = soon(acks.message()).await {
        acknowledged += batch.acks.len();
        if acknowledged >= 500 {
            scene.server.kill();
        }
    }
    assert!(acknowledged >= 500);
    scene.server.restart();
    assert_all_logged(&scene, &messages[..acknowledged]).await;
}

fn batches(messages: &[VerifiedOperation]) -> Vec<v1::SubmitBatch> {
    let chunks = messages.chunks(50).enumerate();
    let batch = |(index, chunk): (usize, &[VerifiedOperation])| v1::SubmitBatch {
        items: items(u64::try_from(index * 50).unwrap(), chunk.iter().map(|message| transaction(&[message]))),
    };
    chunks.map(batch).collect()
}

#[tokio::test]
async fn asked_to_stop_it_answers_what_it_accepted() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(100);
    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    // A client that goes on sending, and would for ever.
    let batches = stream::iter(batches(&messages)).chain(stream::pending());
    let mut acks = client.submit_stream(batches).await.unwrap().into_inner();
    let first = soon(acks.message()).await.unwrap().unwrap();
    scene.server.ask_to_stop();
    let mut answered = first.acks;
    let ended: Refused = loop {
        match soon(acks.message()).await {
            Ok(batch) => answered.extend(batch.unwrap().acks),
            Err(status) => break status.into(),
        }
    };
    assert_eq!(ended, Refused { reason: "shutting_down".to_owned(), code: Code::Grpc(tonic::Code::Unavailable) });
    assert!(scene.server.ended().await.success());
    assert!(answered.iter().all(|ack| ack.state() == v1::TicketState::Success));
    scene.server.restart();
    assert_eq!(usize::try_from(scene.server.info().await.operations).unwrap(), 4 + answered.len());
    assert_all_logged(&scene, &messages[..answered.len()]).await;
}

#[tokio::test]
async fn asked_to_stop_a_websocket_is_answered_what_it_sent_and_then_closed() {
    for via in [Via::Ws, Via::Json] {
        let mut scene = Scene::new().await;
        let messages = scene.messages(2_000);
        let Client::Ws(mut socket) = scene.client(via).await else { unreachable!() };
        for batch in batches(&messages) {
            socket.send(&v1::ClientFrame { submit: Some(batch), ..Default::default() }).await;
        }
        let mut answered = soon(socket.next()).await.unwrap().acks.unwrap().acks;
        scene.server.ask_to_stop();
        let ended = loop {
            match soon(socket.next()).await {
                Ok(frame) => answered.extend(frame.acks.unwrap().acks),
                Err(refused) => break refused,
            }
        };
        assert_eq!(ended, Refused { reason: "shutting_down".to_owned(), code: Code::Closed(4503) });
        assert!(scene.server.ended().await.success());
        assert!(answered.iter().all(|ack| ack.state() == v1::TicketState::Success));
        scene.server.restart();
        assert_eq!(usize::try_from(scene.server.info().await.operations).unwrap(), 4 + answered.len());
        assert_all_logged(&scene, &messages[..answered.len()]).await;
    }
}

#[tokio::test]
async fn asked_to_stop_it_tells_everybody_who_waits() {
    let mut scene = Scene::new().await;
    let subscribe = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let mut waiting = Vec::new();
    for via in Via::ALL {
        let request = request(&scene.cast, "bob", &scene.server.node, &subscribe);
        let mut events = scene.client(via).await.subscribe(request).await.unwrap();
        events.take(1).await.unwrap();
        waiting.push(events);
    }
    let Client::Ws(mut idle) = scene.client(Via::Ws).await else { unreachable!() };
    scene.server.ask_to_stop();
    let closed = soon(idle.next()).await.unwrap_err();
    assert_eq!(closed, Refused { reason: "shutting_down".to_owned(), code: Code::Closed(4503) });
    for mut events in waiting {
        assert_eq!(events.next_batch().await.unwrap_err().reason, "shutting_down");
    }
    assert!(scene.server.ended().await.success(), "{}", scene.server.log());
}

#[tokio::test]
async fn clients_that_say_and_take_nothing_do_not_keep_it_from_stopping() {
    let mut scene = Scene::new().await;
    let silent = [TcpStream::connect(&scene.server.grpc).await, TcpStream::connect(&scene.server.ws).await];
    // HTTP/2's preface and an empty SETTINGS frame, and then no answer to anything (RFC 9113, section 3.4).
    let mut mute = TcpStream::connect(&scene.server.grpc).await.unwrap();
    mute.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let Client::Grpc(mut frozen) = scene.client(Via::Grpc).await else { unreachable!() };
    let batch = v1::SubmitBatch { items: items(0, [transaction(&[&scene.message("bob", "taken by nobody")])]) };
    let acks = frozen.submit_stream(stream::iter([batch]).chain(stream::pending())).await.unwrap();
    scene.server.ask_to_stop();
    assert!(scene.server.ended().await.success(), "{}", scene.server.log());
    assert!(!scene.server.log().contains("pthread"), "{}", scene.server.log());
    drop((silent, mute, acks));
    scene.server.restart();
    assert_eq!(scene.server.info().await.operations, 5);
}

#[tokio::test]
async fn a_second_node_on_the_same_data_is_refused() {
    let scene = Scene::new().await;
    let data = scene.server.data();
    let second = crate::support::server::node_program()
        .args(["serve", "--grpc", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(4));
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("in use"), "{said}");
}
