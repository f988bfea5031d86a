//! What an operator sees of a node: metrics, liveness and readiness on an address of their own, logs for programs, and
//! what a service manager is told.

use std::{os::unix::net::UnixDatagram, process::Command, time::Duration};

use dmpc::v1::OutcomeKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::scene::Scene;
use crate::support::{
    client::{Via, request, soon},
    operations::Cast,
    server::{Server, node_program},
};

/// The status and body of what an address answers to a GET.
pub(crate) async fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The value of a metric, of all its labels together.
pub(crate) fn value(metrics: &str, name: &str) -> f64 {
    let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
    metrics.lines().filter(of_name).map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
}

pub(super) fn with_metrics() -> Command {
    let mut program = node_program();
    program.env("DMPC_METRICS", "127.0.0.1:0");
    program
}

#[tokio::test]
async fn metrics_count_what_became_of_operations() {
    let mut scene = Scene::new().await;
    scene.server.restart_as(with_metrics()).await;
    let address = scene.server.metrics.clone().unwrap();
    assert_eq!(get(&address, "/live").await.0, 200);
    assert_eq!(get(&address, "/ready").await.0, 200);
    assert_eq!(get(&address, "/other").await.0, 404);
    let before = get(&address, "/metrics").await.1;
    let message = scene.message("bob", "hello");
    assert_eq!(scene.client(Via::Grpc).await.submit_one(&message).await.kind(), OutcomeKind::Applied);
    assert_eq!(scene.client(Via::Ws).await.submit_one(&message).await.kind(), OutcomeKind::Duplicate);
    let after = get(&address, "/metrics").await.1;
    let grew = |name: &str| value(&after, name) - value(&before, name);
    for (name, by) in [
        ("dmpc_operations_total{outcome=\"applied\"}", 1.0),
        ("dmpc_operations_total{outcome=\"duplicate\"}", 1.0),
        ("dmpc_commit_seconds_count", 2.0),
        ("dmpc_verify_seconds_count", 2.0),
    ] {
        let line = |text: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        let grew = line(&after).unwrap_or_default() - line(&before).unwrap_or_default();
        assert_eq!(grew, by, "{name}\n{after}");
    }
    assert!(grew("dmpc_operations_total") >= 2.0);
    assert_eq!(value(&after, "dmpc_log_operations"), 5.0, "{after}");
    assert!(value(&after, "dmpc_state_digest_changed_timestamp_seconds") > 1.0e9, "{after}");
}

#[tokio::test]
async fn metrics_and_logs_hold_neither_ids_nor_contents() {
    let mut scene = Scene::new().await;
    let mut program = with_metrics();
    program.env("DMPC_LOG_FILTER", "debug").env("DMPC_LOG_FORMAT", "json");
    scene.server.restart_as(program).await;
    let message = scene.message("bob", "a secret text");
    scene.client(Via::Grpc).await.submit_one(&message).await;
    let query = dmpc::request::Query::Users { users: vec![], cursor: Default::default(), limit: 0 };
    let asked = request(&scene.cast, "carol", &scene.server.node, &query);
    scene.client(Via::Grpc).await.read(&query, asked).await.unwrap();
    let told = get(&scene.server.metrics.clone().unwrap(), "/metrics").await.1;
    let log = scene.server.log();
    assert!(log.lines().count() > 0 && log.lines().all(|line| line.starts_with('{')), "{log}");
    for text in [told, log] {
        for secret in ["a secret text", "AGE-SECRET", "DMPC-SIGNING", &scene.cast.user("bob").to_string()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut server = Server::start(&Cast::new(1));
    let mut program = node_program();
    program.env("NOTIFY_SOCKET", &path);
    server.restart_as(program).await;
    let next = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert!(next().contains("READY=1"));
    server.ask_to_stop();
    assert!(next().contains("STOPPING=1"));
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn before_it_recovered_a_node_lives_and_is_not_ready() {
    let listener = dmpc_node::metrics::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (handle, readiness) = (dmpc_node::metrics::install().unwrap(), Default::default());
    let lifecycle = dmpc_node::lifecycle::Lifecycle::new();
    let served = tokio::spawn(dmpc_node::metrics::serve(listener, handle, readiness, lifecycle.clone()));
    assert_eq!(get(&address, "/live").await.0, 200);
    assert_eq!(get(&address, "/ready").await.0, 503);
    assert_eq!(get(&address, "/metrics").await.0, 200);
    lifecycle.stop();
    soon(served).await.unwrap();
}
