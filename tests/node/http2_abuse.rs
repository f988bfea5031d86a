//! Clients that abuse HTTP/2: who opens streams and resets them at once (CVE-2023-44487), or sends headers without an end
//! (CVE-2024-27316), is closed; an honest client goes on meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use dmpc::v1::OutcomeKind;

use super::scene::Scene;
use crate::support::{
    client::{Via, soon},
    raw_h2::{ENHANCE_YOUR_CALM, RawH2},
    server::node_program,
};

/// Hostile clients at a time.
const ABUSERS: usize = 8;

#[tokio::test]
async fn who_opens_and_resets_streams_is_closed() {
    let mut scene = Scene::new().await;
    let mut client = RawH2::connect(&scene.server.grpc).await;
    client.call_and_reset(10_000).await;
    assert_eq!(client.ended().await, Some(ENHANCE_YOUR_CALM));
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn how_many_streams_may_be_reset_is_configured() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_GRPC_RESETS", "4096");
    scene.server.restart_as(program).await;
    let mut client = RawH2::connect(&scene.server.grpc).await;
    assert!(client.call_and_reset(1_000).await);
    // It is no reason to close: the client is served still, until it leaves.
    let closed = tokio::time::timeout(std::time::Duration::from_secs(1), client.ended()).await;
    assert!(closed.is_err(), "{closed:?}");
}

#[tokio::test]
async fn headers_without_an_end_are_closed() {
    let mut scene = Scene::new().await;
    let mut client = RawH2::connect(&scene.server.grpc).await;
    client.headers_without_end(100_000).await;
    client.ended().await;
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_frame_that_never_ends_holds_no_place() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_PING_SECONDS", "1").env("DMPC_LIMITS_SILENCE_SECONDS", "2");
    scene.server.restart_as(program).await;
    let mut client = RawH2::connect(&scene.server.grpc).await;
    client.half_a_frame().await;
    client.ended().await;
    scene.assert_node_goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_client_goes_on_while_others_reset() {
    let mut scene = Scene::new().await;
    let (over, closed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let abusers: Vec<_> = (0..ABUSERS)
        .map(|_| {
            let (address, over, closed) = (scene.server.grpc.clone(), Arc::clone(&over), Arc::clone(&closed));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let mut client = RawH2::connect(&address).await;
                    while client.call_and_reset(200).await && !over.load(Ordering::Relaxed) {}
                    if client.ended().await == Some(ENHANCE_YOUR_CALM) {
                        closed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let mut honest = scene.client(Via::Grpc).await;
    for number in 0..100 {
        let message = scene.message("bob", "hello");
        assert_eq!(soon(honest.submit_one(&message)).await.kind(), OutcomeKind::Applied, "{number}");
    }
    over.store(true, Ordering::Relaxed);
    for abuser in abusers {
        abuser.await.unwrap();
    }
    assert!(closed.load(Ordering::Relaxed) > 0);
}
