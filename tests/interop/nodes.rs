//! Nodes, as Python finds them: what they say of themselves, their services, and transactions for two of them.

use serde_json::json;

use crate::{
    cli::house::House,
    support::{operations::Cast, server::Server},
};

use super::{VIAS, python};

#[test]
fn health_and_reflection_are_those_that_the_libraries_of_grpc_know() {
    let house = House::new();
    let found = python::run_at(&house, "grpc", "services", &json!({}));
    assert!(found["services"].as_array().unwrap().contains(&json!("dmpc.v1.Node")), "{found}");
    assert_eq!(found["methods"].as_array().unwrap().len(), 9);
}

#[test]
fn both_front_ends_say_the_same_of_the_node() {
    let house = House::new();
    let info = python::run_at(&house, "grpc", "node_info", &json!({}));
    let root = house.run(&house.root(), &["identity", "show", "--json"]).expect_success().json();
    assert_eq!(info["roots"], json!([root[0]["user"]]));
    assert_eq!((&info["operations"], &info["ruleset"]), (&json!(0), &json!(1)));
}

#[test]
fn a_transaction_sealed_to_two_nodes_has_one_effect_at_both() {
    for via in VIAS {
        let first = House::new();
        let second = House::with_root(&first.root().identity);
        let made = python::run_at(&first, via, "two_recipients", &json!({ "other": python::addresses(&second) }));
        let user = made["user"].as_str().unwrap();
        for house in [&first, &second] {
            let shown = house.run(&house.root(), &["user", "show", "--json", user]).expect_success().json();
            assert_eq!(shown[0]["name"], "carol");
        }
    }
}

#[tokio::test]
async fn beyond_loopback_only_sealed_transactions_are_taken() {
    let mut server = Server::start(&Cast::new(1));
    server.restart_on_every_address().await;
    let root = server.data().with_file_name("root.identity");
    for via in VIAS {
        let arguments = json!({ "grpc": server.grpc, "ws": server.ws, "via": via, "root": python::text(&root) });
        assert_eq!(python::run("sealed_listener", &arguments), json!({ "reason": "seal_required" }));
    }
}

#[test]
fn the_tables_of_the_document_are_the_fields_of_the_protobuf_files() {
    let found = python::run("schemas", &json!({}));
    assert_eq!(found["messages"], 29);
    assert_eq!(python::run("small_order", &json!({}))["encodings"], 14);
}
