//! What a websocket costs the node that says nothing.

use std::time::Duration;

use dmpc::v1::{ClientFrame, NodeInfoRequest};
use futures::{StreamExt, stream};

use super::numbers::{is_soak, of, own_kib, resident_kib, say};
use crate::support::{
    client::soon,
    operations::Cast,
    server::{Server, node_program},
    socket::Socket,
};

/// KiB of the node's memory for each idle websocket, at most.
const GOAL_KIB: usize = 32;
/// Handshakes under way at a time.
const AT_ONCE: usize = 64;

/// Waits until the memory of the node stands still, and says how much it is.
async fn settled(server: &Server) -> usize {
    let mut last = 0;
    loop {
        let now = resident_kib(server.process());
        if now.abs_diff(last) < 64 {
            return now;
        }
        last = now;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_websocket_costs_the_node_little() {
    let count = of("DMPC_SOAK_WEBSOCKETS", 500);
    let mut server = Server::start(&Cast::new(1));
    let mut program = node_program();
    let places = (count + 100).to_string();
    program.env("DMPC_LIMITS_CONNECTIONS", &places).env("DMPC_LIMITS_CONNECTIONS_PER_ADDRESS", &places);
    program.env("DMPC_LIMITS_SESSIONS", &places);
    server.restart_as(program).await;
    // What everybody shares is there before it is measured.
    drop(open(&server, 32).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (node_before, own_before) = (settled(&server).await, own_kib());

    let mut sockets = open(&server, count).await;
    let opened = settled(&server).await.saturating_sub(node_before);
    for (number, chunk) in sockets.chunks_mut(AT_ONCE).enumerate() {
        futures::future::join_all(chunk.iter_mut().map(ask)).await;
        if number % 32 == 0 {
            say(&format!("  asked {} of {count}", number * AT_ONCE));
        }
    }
    let used = settled(&server).await.saturating_sub(node_before);
    let own = own_kib().saturating_sub(own_before);
    let each = |kib: usize| format!("{:.1}", kib as f64 / count as f64);
    say(&format!(
        "idle websockets: {count}\n  node, opened:          {} KiB each\n  node, after a request: {} KiB each \
         (goal {GOAL_KIB})\n  this client:           {} KiB each",
        each(opened),
        each(used),
        each(own)
    ));
    // All of them are served still.
    let last = sockets.len() - 1;
    ask(&mut sockets[last]).await;
    if is_soak() {
        assert!(used <= GOAL_KIB * count, "{} KiB each", each(used));
    } else {
        // Few of them, so that what the node does besides weighs more.
        assert!(used <= 2 * GOAL_KIB * count, "{} KiB each", each(used));
    }
}

async fn open(server: &Server, count: usize) -> Vec<Socket> {
    let opened = stream::iter(0..count).map(|_| Socket::connect_small(&server.ws)).buffer_unordered(AT_ONCE);
    opened.collect().await
}

/// Asks for something small, as a client does that was idle.
async fn ask(socket: &mut Socket) {
    let frame = ClientFrame { id: 1, node_info: Some(NodeInfoRequest::default()), ..ClientFrame::default() };
    socket.send(&frame).await;
    assert!(soon(socket.next()).await.unwrap().node_info.is_some());
}
