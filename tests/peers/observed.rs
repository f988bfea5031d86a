//! What operators see of exchanges: metrics, and the proof of an equivocation wherever it was committed.

use std::collections::BTreeSet;

use super::nodes::{Node, introduce, until};
use crate::{
    cli::evidence::submit,
    node::{
        metrics::table,
        observation::{get, value},
    },
};

fn told(node: &Node) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(get(node.house.said("metrics "), "/metrics")).1
}

#[test]
fn metrics_tell_of_each_peer_what_the_table_lists() {
    let here = Node::new_with(&[("DMPC_METRICS", "127.0.0.1:0")]);
    let there = Node::beside(&here);
    introduce(&here, &there);
    here.house.user("alice", "grpc", "channel.add");
    there.house.user("bob", "grpc", "channel.add");
    there.sync("alice");
    until("both went over", || {
        let told = told(&here);
        value(&told, "dmpc_peer_received_operations_total") >= 1.0
            && value(&told, "dmpc_peer_sent_operations_total") >= 1.0
    });
    until("it is told when", || value(&told(&here), "dmpc_peer_exchanged_timestamp_seconds") > 0.0);
    let told = told(&here);
    assert!(told.contains("dmpc_peer_connected{peer=\"bob\"} 1"), "{told}");
    assert!(told.contains("dmpc_peer_lag_operations{peer=\"bob\"} 0"), "{told}");
    assert!(told.contains("dmpc_peer_sent_operations_total{peer=\"bob\",outcome=\"applied\"}"), "{told}");
    assert!(value(&told, "dmpc_peer_received_bytes_total") > 100.0, "{told}");
    let kinds: BTreeSet<&str> =
        told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let of_peers = table().into_iter().filter(|[_, _, label, _]| label.contains("peer")).map(|[name, ..]| name);
    // Nothing was refused, so nothing of that is told.
    let missing: Vec<&str> = of_peers.filter(|name| !kinds.contains(name)).collect();
    assert_eq!(missing, ["dmpc_peer_refusals_total"]);
}

#[test]
fn an_equivocation_that_one_node_saw_reaches_a_third_by_way_of_the_second() {
    let one = Node::new();
    let (second, third) = (Node::beside(&one), Node::beside(&one));
    one.knows("second", &second, &[]);
    second.knows("one", &one, &["--address", one.address()]);
    second.knows("third", &third, &[]);
    third.knows("second", &second, &["--address", second.address()]);
    let (alice, id) = one.house.user("alice", "grpc", "channel.add");
    submit(&one.house, &alice, &["one", "other"], dmpc::operation::Link::first(dmpc::LaneId::from_bytes([9; 16])));
    until("all have the same log", || one.digests() == third.digests());
    let data = third.house.path("node");
    let found =
        third.house.run(&third.house.root(), &["log", "equivocations", "--data", data.to_str().unwrap(), "--json"]);
    let found = found.expect_success().json();
    assert!(found.iter().any(|one| one.to_string().contains(&id)), "{found:?}");
}
