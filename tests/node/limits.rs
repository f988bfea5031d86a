//! Limits of the configuration: what is over one is refused by name, or waits, and everybody else goes on.

use std::{io::Read, net::TcpStream, process::Command, time::Duration};

use dmpc::{request::Query, v1::OutcomeKind};
use dmpc_node::places::neighbour;

use super::scene::Scene;
use crate::support::{
    client::{Client, Code, Refused, Via, items, raw_transaction, request, soon, transaction},
    server::node_program,
    socket::Socket,
};

/// A scene whose node runs with these settings.
async fn scene(settings: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::new().await;
    let mut program: Command = node_program();
    program.envs(settings.iter().map(|(name, value)| (format!("DMPC_LIMITS_{name}"), value)));
    scene.server.restart_as(program).await;
    scene
}

fn users() -> Query {
    Query::Users { users: Vec::new(), cursor: bytes::Bytes::new(), limit: 0 }
}

#[tokio::test]
async fn a_certifier_that_is_too_fast_is_refused_and_others_are_not() {
    let mut scene = scene(&[("IDENTITY_OPERATIONS_PER_SECOND", "20")]).await;
    for via in Via::ALL {
        let messages = scene.messages(200);
        let batch = items(0, messages.iter().map(|message| transaction(&[message])));
        let (acks, refused) = scene.client(via).await.submit_batches(vec![batch]).await;
        assert_eq!(refused, None);
        let too_fast = |ack: &&dmpc::v1::Ack| ack.error.as_ref().is_some_and(|error| error.reason == "too_fast");
        let refused = acks.iter().filter(too_fast).count();
        assert!((100..200).contains(&refused), "{via:?}: {refused}");
        let mine = scene.tick();
        let other = scene.cast.message("alice", &scene.room, "mine", mine);
        assert_eq!(scene.client(via).await.submit_one(&other).await.kind(), OutcomeKind::Applied);
        // What was refused was refused for now.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let last = messages.last().unwrap();
        assert_eq!(scene.client(via).await.submit_one(last).await.kind(), OutcomeKind::Applied);
    }
}

#[tokio::test]
async fn an_address_that_is_too_fast_waits_and_loses_nothing() {
    let mut scene = scene(&[("ADDRESS_TRANSACTIONS_PER_SECOND", "50")]).await;
    let messages = scene.messages(120);
    let begun = std::time::Instant::now();
    let batches = messages.chunks(20).map(|chunk| items(0, chunk.iter().map(|message| transaction(&[message]))));
    let (acks, refused) = scene.client(Via::Grpc).await.submit_batches(batches.collect()).await;
    assert_eq!((acks.len(), refused), (120, None));
    assert!(acks.iter().all(|ack| ack.error.is_none()));
    // A burst of 50, then 70 at 50 a second.
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_asker_that_is_too_fast_is_refused_and_others_are_not() {
    let scene = scene(&[("IDENTITY_REQUESTS_PER_SECOND", "1")]).await;
    for via in Via::ALL {
        let mut client = scene.client(via).await;
        let mut refused = 0;
        for _ in 0..40 {
            let asked = request(&scene.cast, "carol", &scene.server.node, &users());
            match client.read(&users(), asked).await {
                Ok(_) => {}
                Err(error) => {
                    let code = via.answered(tonic::Code::ResourceExhausted);
                    assert_eq!(error, Refused { reason: "too_fast".to_owned(), code });
                    refused += 1;
                }
            }
        }
        assert!(refused > 0, "{via:?}");
        let query = Query::Users { users: vec![scene.cast.user("bob")], cursor: bytes::Bytes::new(), limit: 0 };
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        client.read(&query, asked).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn requests_that_are_remembered_are_bounded() {
    for (setting, others_go_on) in [("IDENTITY_REQUESTS_REMEMBERED", true), ("REQUESTS_REMEMBERED", false)] {
        let scene = scene(&[(setting, "3")]).await;
        for number in 0..6 {
            let via = Via::ALL[number % 2];
            let asked = request(&scene.cast, "carol", &scene.server.node, &users());
            let answer = scene.client(via).await.read(&users(), asked).await;
            let code = via.answered(tonic::Code::ResourceExhausted);
            let refused = Refused { reason: "too_many_requests".to_owned(), code };
            assert_eq!(answer.err(), (number >= 3).then_some(refused), "{setting}, {number}");
        }
        let query = Query::Users { users: vec![scene.cast.user("bob")], cursor: bytes::Bytes::new(), limit: 0 };
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        assert_eq!(scene.client(Via::Grpc).await.read(&query, asked).await.is_ok(), others_go_on, "{setting}");
    }
}

#[test]
fn one_network_of_ipv6_is_one_neighbour_and_a_mapped_address_is_the_one_it_maps() {
    let of = |text: &str| neighbour(text.parse().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
}

#[tokio::test]
async fn half_a_greeting_holds_no_place() {
    let scene = scene(&[("GREETING_SECONDS", "1")]).await;
    for (address, half) in
        [(&scene.server.grpc, "P"), (&scene.server.grpc, "PRI * HTTP/2.0\r\n"), (&scene.server.ws, "GET /")]
    {
        let mut slow = TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut slow, half.as_bytes()).unwrap();
        slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut told = Vec::new();
        let ended = slow.read_to_end(&mut told);
        let is_reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.as_ref().is_ok() || ended.as_ref().is_err_and(is_reset), "{half}: {ended:?}");
    }
}

#[tokio::test]
async fn sessions_are_bounded() {
    let mut scene = scene(&[("SESSIONS", "2")]).await;
    let (first, second) = (Socket::connect(&scene.server.ws).await, Socket::connect(&scene.server.ws).await);
    let message = scene.message("bob", "hello");
    for via in Via::ALL {
        let (acks, refused) = scene.client(via).await.submit_batches(vec![items(0, [transaction(&[&message])])]).await;
        let code = via.ended(tonic::Code::ResourceExhausted, 4429);
        assert_eq!(
            (acks.len(), refused),
            (0, Some(Refused { reason: "too_many_sessions".to_owned(), code })),
            "{via:?}"
        );
    }
    drop((first, second));
    let again = async {
        loop {
            let batch = vec![items(0, [transaction(&[&message])])];
            if scene.client(Via::Grpc).await.submit_batches(batch).await.1.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(again).await;
}

#[tokio::test]
async fn subscriptions_are_bounded_over_all_connections() {
    let scene = scene(&[("SUBSCRIPTIONS", "1")]).await;
    let query = Query::Subscribe { channel: scene.room.id, cursor: bytes::Bytes::new(), from_now: false };
    let asked = || request(&scene.cast, "bob", &scene.server.node, &query);
    let mut first = scene.client(Via::Ws).await.subscribe(asked()).await.unwrap();
    assert!(!first.next_batch().await.unwrap().events.is_empty());
    for via in Via::ALL {
        let ended = match scene.client(via).await.subscribe(asked()).await {
            Err(refused) => refused,
            Ok(mut events) => events.next_batch().await.unwrap_err(),
        };
        let code = via.answered(tonic::Code::ResourceExhausted);
        assert_eq!(ended, Refused { reason: "too_many_subscriptions".to_owned(), code });
    }
}

#[tokio::test]
async fn frames_and_messages_are_bounded() {
    let mut scene = scene(&[("FRAME_BYTES", "16384")]).await;
    for via in Via::ALL {
        let large = raw_transaction(vec![vec![0; 100_000].into()]);
        let (_, refused) = scene.client(via).await.submit_batches(vec![items(0, [large])]).await;
        let reason = refused.unwrap();
        assert_eq!(reason.reason, "frame_too_large", "{via:?}");
        assert_eq!(reason.code, via.ended(tonic::Code::InvalidArgument, 4413), "{via:?}");
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_more_are_closed() {
    let mut scene = scene(&[("CONNECTIONS_PER_ADDRESS", "8")]).await;
    for address in [scene.server.grpc.clone(), scene.server.ws.clone()] {
        let mut held: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&address).unwrap()).collect();
        // Each was accepted before the next.
        let mut over = TcpStream::connect(&address).unwrap();
        over.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let closed = over.read(&mut [0; 1]);
        assert!(
            matches!(closed, Ok(0)) || closed.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        );
        held.clear();
    }
    let again = async {
        loop {
            let connected = tokio::net::TcpStream::connect(&scene.server.ws).await;
            if connected.is_ok() {
                return;
            }
        }
    };
    soon(again).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn who_says_nothing_is_closed_and_who_is_pinged_and_answers_is_not() {
    let scene = scene(&[("PING_SECONDS", "1"), ("SILENCE_SECONDS", "3")]).await;
    // It answers pings while it waits for frames.
    let mut alive = Socket::connect(&scene.server.ws).await;
    let silent = TcpStream::connect(&scene.server.ws).unwrap();
    let mut silent = handshake(silent);
    let waits = tokio::time::timeout(Duration::from_secs(5), alive.next()).await;
    assert!(waits.is_err(), "{waits:?}");
    // Pings, which this one does not answer, and last why it is closed.
    let mut told = Vec::new();
    silent.read_to_end(&mut told).ok();
    let text = String::from_utf8_lossy(&told);
    assert!(text.contains("silence"), "{text}");
}

/// Opens a websocket by hand, on a socket that answers nothing afterwards.
fn handshake(mut stream: TcpStream) -> TcpStream {
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                   Sec-WebSocket-Protocol: dmpc.v1.proto\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

#[tokio::test]
async fn a_subscriber_that_takes_nothing_is_let_go_with_the_reason() {
    let mut scene = scene(&[("SUBSCRIBER_SECONDS", "1")]).await;
    let messages: Vec<_> = (0..512).map(|_| scene.message("bob", &"x".repeat(16_000))).collect();
    for chunk in messages.chunks(32) {
        scene.apply(chunk).await;
    }
    let query = Query::Subscribe { channel: scene.room.id, cursor: bytes::Bytes::new(), from_now: false };
    let asked = request(&scene.cast, "bob", &scene.server.node, &query);
    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    let mut events = client.subscribe(dmpc::v1::ReadRequest { transaction: asked }).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let ended = loop {
        match soon(events.message()).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended without a reason"),
            Err(status) => break Refused::from(status),
        }
    };
    assert_eq!(
        ended,
        Refused { reason: "slow_subscriber".to_owned(), code: Code::Grpc(tonic::Code::ResourceExhausted) }
    );
    scene.assert_node_goes_on().await;
}
