//! Bounds over which nothing is refused: who is over one waits, and everything is answered in the end.

use std::time::Duration;

use bytes::Bytes;
use dmpc::{
    request::Query,
    v1::{self, ClientFrame, NodeInfoRequest},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::scene::Scene;
use crate::support::{
    client::{Via, grpc_client, items, request, soon, transaction},
    server::node_program,
    socket::Socket,
};

/// Whoever has to wait is not answered for so long.
const MOMENT: Duration = Duration::from_millis(500);

async fn scene(settings: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.envs(settings.iter().map(|(name, value)| (format!("DMPC_LIMITS_{name}"), value)));
    scene.server.restart_as(program).await;
    scene
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_for_a_place() {
    let scene = scene(&[("CONNECTIONS", "2")]).await;
    let first = Socket::connect(&scene.server.ws).await;
    let _second = Socket::connect(&scene.server.ws).await;
    // The system takes the connection; the node does not yet.
    let mut third = TcpStream::connect(&scene.server.ws).await.unwrap();
    third.write_all(b"GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    assert!(timeout(MOMENT, third.read_exact(&mut answer)).await.is_err());
    drop(first);
    soon(third.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
}

#[tokio::test]
async fn a_call_over_the_streams_of_a_connection_waits_for_another_to_end() {
    let scene = scene(&[("GRPC_STREAMS", "2")]).await;
    let mut client = grpc_client(&scene.server.grpc).await;
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let mut held = Vec::new();
    for _ in 0..2 {
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        held.push(client.subscribe(v1::ReadRequest { transaction }).await.unwrap().into_inner());
    }
    let mut other = client.clone();
    let call = tokio::spawn(async move { other.node_info(NodeInfoRequest::default()).await });
    tokio::time::sleep(MOMENT).await;
    assert!(!call.is_finished());
    held.pop();
    soon(call).await.unwrap().unwrap();
}

#[tokio::test]
async fn transactions_over_the_room_of_a_session_and_of_all_wait_and_none_is_lost() {
    let mut scene =
        scene(&[("SESSION_OPERATIONS", "1"), ("SESSION_BYTES", "1048576"), ("INGEST_BYTES", "1048576")]).await;
    for via in Via::ALL {
        let small = scene.messages(100);
        let large: Vec<_> = (0..8).map(|_| scene.message("bob", &"x".repeat(400_000))).collect();
        let batches = small.chunks(10).chain(large.chunks(1));
        let batches: Vec<_> =
            batches.map(|chunk| items(0, chunk.iter().map(|message| transaction(&[message])))).collect();
        let (acks, refused) = scene.client(via).await.submit_batches(batches).await;
        assert_eq!((acks.len(), refused), (108, None), "{via:?}");
        assert!(acks.iter().all(|ack| ack.error.is_none()));
    }
}

#[tokio::test]
async fn requests_over_those_of_a_websocket_wait_and_each_is_answered() {
    let scene = scene(&[("CONNECTION_READS", "1")]).await;
    let mut socket = Socket::connect(&scene.server.ws).await;
    let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 1, backward: false };
    for id in 0..50 {
        let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
        let read = Some(v1::ReadRequest { transaction });
        socket.send(&ClientFrame { id, read, ..ClientFrame::default() }).await;
    }
    let mut answered = Vec::new();
    for _ in 0..50 {
        let frame = soon(socket.next()).await.unwrap();
        assert!(frame.messages.is_some(), "{frame:?}");
        answered.push(frame.id);
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn stopping_waits_for_clients_as_long_as_it_is_told() {
    let mut scene = scene(&[("DRAIN_SECONDS", "0")]).await;
    // HTTP/2's preface and an empty SETTINGS frame, and then no answer to anything (RFC 9113, section 3.4).
    let mut mute = TcpStream::connect(&scene.server.grpc).await.unwrap();
    mute.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    soon(mute.read_u8()).await.unwrap();
    scene.server.ask_to_stop();
    assert!(scene.server.ended().await.success(), "{}", scene.server.log());
}
