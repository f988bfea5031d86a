//! The metrics: the table for operators is what is told, and each value moves when it must.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use dmpc::{Permissions, request::Query, v1::OutcomeKind};
use dmpc_node::metrics::{ALL, Metric};

use super::{
    observation::{get, value, with_metrics},
    scene::Scene,
};
use crate::support::{
    client::{Via, now_ms, raw_transaction, request, soon},
    operations::at,
};

/// The rows of the table for operators: name, kind, label, what it says.
pub(crate) fn table() -> Vec<[&'static str; 4]> {
    let rows = include_str!("../../docs/METRICS.md").lines().filter(|line| line.starts_with("| `dmpc_"));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`'));
        std::array::from_fn(|_| cells.next().unwrap())
    })
    .collect()
}

#[test]
fn the_table_for_operators_lists_every_metric_as_it_is_described() {
    let said: Vec<Metric> = table().into_iter().map(|[name, kind, _, help]| Metric { name, kind, help }).collect();
    assert_eq!(said, ALL);
}

async fn scene() -> (Scene, String) {
    let mut scene = Scene::new().await;
    scene.server.restart_as(with_metrics()).await;
    let address = scene.server.metrics.clone().unwrap();
    (scene, address)
}

async fn told(address: &str) -> String {
    get(address, "/metrics").await.1
}

/// Asks until a value is what it must become.
async fn becomes(address: &str, name: &str, expected: f64) {
    let arrives = async {
        while value(&told(address).await, name) != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), arrives).await.is_ok(), "{name}\n{}", told(address).await);
}

#[tokio::test]
async fn what_is_told_is_what_the_table_lists() {
    let (mut scene, address) = scene().await;
    let message = scene.message("bob", "hello");
    scene.client(Via::Grpc).await.submit_one(&message).await;
    scene.client(Via::Grpc).await.submit(vec![raw_transaction(vec![Bytes::from_static(b"garbage")])]).await;
    let told = told(&address).await;
    let kinds: BTreeMap<&str, &str> =
        told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    // A node without peers tells nothing of each.
    let table: Vec<_> = table().into_iter().filter(|[_, _, label, _]| !label.contains("peer")).collect();
    let listed: BTreeMap<&str, &str> = table.iter().map(|[name, kind, ..]| (*name, *kind)).collect();
    assert_eq!(kinds, listed, "{told}");
    for [name, kind, label, _] in table {
        let lines = told.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']) || kind == "histogram")
        });
        for line in lines {
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            let names = labels.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
            let names: Vec<_> = names.filter(|name| *name != "le").collect();
            assert_eq!(names, if label.is_empty() { vec![] } else { vec![label] }, "{line}");
        }
    }
}

#[tokio::test]
async fn commits_and_their_fsyncs_are_timed() {
    let (mut scene, address) = scene().await;
    let before = told(&address).await;
    for _ in 0..3 {
        let message = scene.message("bob", "hello");
        scene.client(Via::Grpc).await.submit_one(&message).await;
    }
    let after = told(&address).await;
    let grew = |name: &str| value(&after, name) - value(&before, name);
    for name in ["dmpc_commit_seconds_count", "dmpc_fsync_seconds_count", "dmpc_commit_operations_sum"] {
        assert_eq!(grew(name), 3.0, "{name}\n{after}");
    }
    assert!(grew("dmpc_fsync_seconds_sum") > 0.0);
    assert!(grew("dmpc_fsync_seconds_sum") <= grew("dmpc_commit_seconds_sum"));
}

#[tokio::test]
async fn verdicts_that_change_are_counted_by_direction() {
    let (mut scene, address) = scene().await;
    let early = scene.tick();
    let messages = scene.messages(3);
    scene.apply(&messages).await;
    let changed = value(&told(&address).await, "dmpc_state_digest_changed_timestamp_seconds");
    // A removal that was made before the messages and arrives after them; then one more that gives the right back.
    let room = scene.room.clone();
    let removal = scene.cast.members("alice", &room, &[], &["bob"], early);
    scene.apply(&[removal]).await;
    let flips = |told: &str, change: &str| {
        let line = format!("dmpc_verdict_flips_total{{change=\"{change}\"}} ");
        told.lines().find_map(|found| found.strip_prefix(&line)?.parse::<f64>().ok())
    };
    let now = told(&address).await;
    assert_eq!((flips(&now, "retracted"), flips(&now, "restored")), (Some(3.0), Some(0.0)), "{now}");
    assert!(value(&now, "dmpc_state_digest_changed_timestamp_seconds") >= changed);
    let both = dmpc::Rights::READ.union(dmpc::Rights::WRITE);
    let back = scene.cast.members("alice", &room, &[("bob", both)], &[], dmpc::Hlc::from_bits(early.bits() + 1));
    scene.apply(&[back]).await;
    let now = told(&address).await;
    assert_eq!((flips(&now, "retracted"), flips(&now, "restored")), (Some(3.0), Some(3.0)), "{now}");
}

#[tokio::test]
async fn what_is_kept_aside_is_told_and_no_longer_when_it_is_logged() {
    let (mut scene, address) = scene().await;
    scene.cast.join("dave");
    let time = scene.tick();
    let create = scene.cast.create("root", "dave", Permissions::CHANNEL_ADD, "Dave", time);
    let time = scene.tick();
    let (open, _) = scene.cast.open("dave", "early", &[], time);
    let outcome = scene.client(Via::Grpc).await.submit_one(&open).await;
    assert_eq!(outcome.reason, "waits_for_certifier");
    let now = told(&address).await;
    assert_eq!(value(&now, "dmpc_waiting_operations"), 1.0, "{now}");
    assert_eq!(value(&now, "dmpc_waiting_bytes"), f64::from(u32::try_from(open.bytes().len()).unwrap()));
    let logged = value(&now, "dmpc_log_operations");
    scene.apply(&[create]).await;
    becomes(&address, "dmpc_waiting_operations", 0.0).await;
    becomes(&address, "dmpc_waiting_bytes", 0.0).await;
    becomes(&address, "dmpc_log_operations", logged + 2.0).await;
}

#[tokio::test]
async fn who_is_connected_and_subscribed_is_counted_while_it_is() {
    let (scene, address) = scene().await;
    for name in ["dmpc_connections", "dmpc_sessions", "dmpc_subscriptions", "dmpc_ingest_bytes"] {
        becomes(&address, name, 0.0).await;
    }
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: false };
    let mut open = Vec::new();
    for via in Via::ALL {
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        let mut events = scene.client(via).await.subscribe(asked).await.unwrap();
        soon(events.next_batch()).await.unwrap();
        open.push(events);
    }
    let now = told(&address).await;
    assert_eq!((value(&now, "dmpc_connections"), value(&now, "dmpc_subscriptions")), (3.0, 3.0), "{now}");
    // Those of the two websockets.
    assert_eq!(value(&now, "dmpc_sessions"), 2.0, "{now}");
    assert!(now.contains("dmpc_requests_total{query=\"subscribe\"} 3"), "{now}");
    drop(open);
    for name in ["dmpc_connections", "dmpc_sessions", "dmpc_subscriptions"] {
        becomes(&address, name, 0.0).await;
    }
}

#[tokio::test]
async fn the_store_grows_and_its_log_is_known_from_the_start() {
    let (mut scene, address) = scene().await;
    let before = told(&address).await;
    assert_eq!(value(&before, "dmpc_log_operations"), 4.0, "{before}");
    let latest = value(&before, "dmpc_state_digest_changed_timestamp_seconds");
    let opened = f64::from(u32::try_from(at(4).millis() / 1_000).unwrap());
    assert!((latest - opened).abs() < 1.0, "{latest} {opened}");
    let messages = scene.messages(200);
    scene.apply(&messages).await;
    let after = told(&address).await;
    assert_eq!(value(&after, "dmpc_log_operations"), 204.0);
    let grew = value(&after, "dmpc_store_bytes") - value(&before, "dmpc_store_bytes");
    let bytes: usize = messages.iter().map(|message| message.bytes().len()).sum();
    assert!(grew >= f64::from(u32::try_from(bytes).unwrap()), "{grew} of {bytes}");
    let changed = value(&after, "dmpc_state_digest_changed_timestamp_seconds");
    assert!((changed - f64::from(u32::try_from(now_ms() / 1_000).unwrap())).abs() < 60.0, "{changed}");
}

#[tokio::test]
async fn refusals_are_counted_by_their_reasons() {
    let (scene, address) = scene().await;
    let acks = scene.client(Via::Grpc).await.submit(vec![raw_transaction(vec![Bytes::from_static(b"garbage")])]).await;
    let outcome = &acks[0].outcomes[0];
    assert_eq!(outcome.kind(), OutcomeKind::Refused);
    let now = told(&address).await;
    assert!(now.contains(&format!("dmpc_refusals_total{{reason=\"{}\"}} 1", outcome.reason)), "{now}");
    assert!(now.contains("dmpc_operations_total{outcome=\"refused\"} 1"), "{now}");
}
