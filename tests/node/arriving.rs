//! Messages that have arrived in part: who begins many large ones and ends none is refused when the pool is used up, and who
//! sends small ones is not.

use std::time::Duration;

use bytes::Bytes;
use dmpc_node::arriving::{Arriving, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::scene::Scene;
use crate::support::{
    client::{Via, items, soon, transaction},
    raw_http::{Form, Http},
    raw_ws::{RawSocket, binary_head},
    server::node_program,
};

/// What each message has without the pool.
const FREE: usize = 4 * 1024;

#[test]
fn a_small_message_needs_nothing_of_the_pool() {
    let arriving = Arriving::new(100, Duration::from_secs(60));
    let mut shares: Vec<_> = (0..1_000).map(|_| arriving.share()).collect();
    for share in &mut shares {
        share.grow(FREE / 2).unwrap();
        share.grow(FREE / 2).unwrap();
    }
    assert_eq!(arriving.bytes(), 0);
    shares[0].grow(100).unwrap();
    assert_eq!(arriving.bytes(), 100);
    assert_eq!(shares[1].grow(1), Err(Full));
    shares[0].settle();
    assert_eq!(arriving.bytes(), 0);
    shares[1].grow(1).unwrap();
    drop(shares);
    assert_eq!(arriving.bytes(), 0);
}

#[test]
fn a_message_that_takes_too_long_is_refused() {
    let arriving = Arriving::new(100, Duration::ZERO);
    let mut share = arriving.share();
    share.grow(FREE).unwrap();
    assert_eq!(share.until(), None);
    share.grow(1).ok();
    assert!(share.until().is_some());
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(share.grow(1), Err(Full));
    share.settle();
    assert_eq!((share.until(), arriving.bytes()), (None, 0));
}

/// A scene whose node has a small pool.
async fn scene() -> Scene {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_ARRIVING_BYTES", "1048576");
    scene.server.restart_as(program).await;
    scene
}

#[tokio::test]
async fn halves_of_large_frames_are_refused_when_the_pool_is_used_up() {
    let mut scene = scene().await;
    let half = vec![7; 600_000];
    let mut first = RawSocket::open(&scene.server.ws).await;
    first.write.write_all(&[binary_head(1_000_000), half.clone()].concat()).await.unwrap();
    // It is there before the next one comes.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut second = RawSocket::open(&scene.server.ws).await;
    second.write.write_all(&[binary_head(1_000_000), half.clone()].concat()).await.ok();
    let mut told = Vec::new();
    soon(second.read.read_to_end(&mut told)).await.ok();
    assert!(String::from_utf8_lossy(&told).contains("overloaded"), "{told:?}");

    let body = Bytes::from(Form::Binary.body(&dmpc::v1::SubmitRequest { transaction: half.into() }));
    let mut http = Http::connect(&scene.server.grpc).await;
    let headers = format!("Content-Type: {}\r\n", Form::Binary.content_type());
    http.begin("POST", "/dmpc.v1.Node/Submit", &headers, body.len(), &body[..body.len() - 1]).await;
    let head = http.head().await;
    assert_eq!(
        head.get("grpc-status"),
        Some(i32::from(tonic::Code::ResourceExhausted).to_string().as_str()),
        "{head:?}"
    );

    // Who sends little goes on, and what was taken is given back.
    scene.assert_node_goes_on().await;
    drop(first);
    let large = scene.message("bob", &"x".repeat(300_000));
    for via in Via::ALL {
        let kind = scene.client(via).await.submit_one(&large).await.kind();
        assert_ne!(kind, dmpc::v1::OutcomeKind::Refused);
    }
}

#[tokio::test]
async fn half_of_a_large_message_does_not_stay() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_PING_SECONDS", "1").env("DMPC_LIMITS_SILENCE_SECONDS", "2");
    scene.server.restart_as(program).await;
    // A client that answers pings, and never ends what it sends.
    let (_held, body) = futures::channel::mpsc::unbounded::<Result<Bytes, std::convert::Infallible>>();
    _held
        .unbounded_send(Ok(Bytes::from(
            Form::Binary.body(&dmpc::v1::SubmitRequest { transaction: vec![7; 9_000].into() }),
        )
        .slice(..8_000)))
        .unwrap();
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", scene.server.grpc)).unwrap();
    let mut channel = channel.connect().await.unwrap();
    let refused = soon(crate::support::raw_grpc::stream(&mut channel, "/dmpc.v1.Node/Submit", body)).await;
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused:?}");
}

#[tokio::test]
async fn a_stream_of_large_messages_gives_back_what_each_took() {
    let mut scene = scene().await;
    for via in Via::ALL {
        let messages: Vec<_> = (0..20).map(|_| scene.message("bob", &"x".repeat(400_000))).collect();
        let batches = messages.iter().map(|message| items(0, [transaction(&[message])])).collect();
        let (acks, refused) = scene.client(via).await.submit_batches(batches).await;
        assert_eq!((acks.len(), refused), (20, None), "{via:?}");
        assert!(acks.iter().all(|ack| ack.error.is_none()), "{acks:?}");
    }
}
