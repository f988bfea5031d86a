//! One subscriber that takes nothing, among others that do.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dmpc::{request::Query, v1};
use tokio::{net::TcpSocket, sync::mpsc};

use super::numbers::{is_soak, of, say};
use crate::{
    node::scene::Scene,
    support::{
        client::{Client, Via, request, soon, transaction},
        server::node_program,
        socket::Socket,
    },
};

/// The others' 99th percentile with a stalled one, against that without, at most.
const RATIO_MAX: f64 = 2.0;
/// Between two messages.
const PACE: Duration = Duration::from_millis(20);

/// A scene whose channel holds more than a socket does, and whose node lets a stalled subscriber be.
async fn scene() -> Scene {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_SUBSCRIBER_SECONDS", "3600").env("DMPC_LIMITS_SILENCE_SECONDS", "7200");
    scene.server.restart_as(program).await;
    let messages: Vec<_> = (0..1_024).map(|_| scene.message("bob", &"x".repeat(16_000))).collect();
    for chunk in messages.chunks(32) {
        scene.apply(chunk).await;
    }
    scene
}

/// Somebody who asks for everything and reads nothing of it.
async fn stall(scene: &Scene) -> Socket {
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4_096).unwrap();
    let tcp = tcp.connect(scene.server.ws.parse().unwrap()).await.unwrap();
    let mut socket = Socket::on(tcp, &scene.server.ws).await;
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: false };
    let transaction = request(&scene.cast, "bob", &scene.server.node, &query);
    let subscribe = Some(v1::ReadRequest { transaction });
    socket.send(&v1::ClientFrame { id: 9, subscribe, ..Default::default() }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    socket
}

/// How long each message took to each subscriber, in seconds, ascending.
async fn measure(scene: &mut Scene, subscribers: usize, messages: usize) -> Vec<f64> {
    let (told, mut tells) = mpsc::unbounded_channel();
    let mut tasks = Vec::new();
    for number in 0..subscribers {
        let via = [Via::Grpc, Via::Ws][number % 2];
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        let mut events = scene.client(via).await.subscribe(asked).await.unwrap();
        events.take(1).await.unwrap();
        let told = told.clone();
        tasks.push(tokio::spawn(async move {
            let mut heard = 0;
            while heard < messages {
                for event in events.next_batch().await.unwrap().events {
                    told.send((event.operation_id, Instant::now())).unwrap();
                    heard += 1;
                }
            }
        }));
    }
    drop(told);
    let mut client: Client = scene.client(Via::Grpc).await;
    let mut sent = std::collections::HashMap::new();
    for _ in 0..messages {
        let message = scene.message("bob", "hello");
        sent.insert(Bytes::copy_from_slice(message.id().as_bytes()), Instant::now());
        client.submit(vec![transaction(&[&message])]).await;
        tokio::time::sleep(PACE).await;
    }
    let mut latencies = Vec::new();
    while let Some((id, at)) = soon(tells.recv()).await {
        latencies.push(at.duration_since(sent[&id]).as_secs_f64());
    }
    for task in tasks {
        task.await.unwrap();
    }
    // Nobody missed anything.
    assert_eq!(latencies.len(), subscribers * messages);
    latencies.sort_by(f64::total_cmp);
    latencies
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100] * 1_000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_subscriber_slows_nobody_down() {
    let subscribers = of("DMPC_SOAK_SUBSCRIBERS", 10);
    let messages = of("DMPC_SOAK_MESSAGES", 20);
    let rounds = of("DMPC_SOAK_ROUNDS", 1);
    let mut scene = scene().await;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // In turns, so that what the machine does besides is in both.
        without.extend(measure(&mut scene, subscribers, messages).await);
        let stalled = stall(&scene).await;
        with.extend(measure(&mut scene, subscribers - 1, messages).await);
        drop(stalled);
        say(&format!("  round {} of {rounds}", round + 1));
    }
    [&mut without, &mut with].into_iter().for_each(|latencies| latencies.sort_by(f64::total_cmp));
    let ratio = percentile(&with, 99) / percentile(&without, 99);
    say(&format!(
        "subscribers: {subscribers}, of which one stalls\n  without: p50 {:.2} ms, p99 {:.2} ms\n  with:    p50 {:.2} ms, \
         p99 {:.2} ms\n  p99 ratio: {ratio:.2} (goal below {RATIO_MAX})",
        percentile(&without, 50),
        percentile(&without, 99),
        percentile(&with, 50),
        percentile(&with, 99)
    ));
    if is_soak() {
        assert!(ratio < RATIO_MAX, "{ratio}");
    }
}
