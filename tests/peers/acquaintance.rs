//! Who the peers are: added, listed, removed, kept; and what is refused of it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;

use super::nodes::Node;
use crate::cli::house::{House, Said, program};

const KEY: &str = "dmpcsign1vrjew3325s525965nmqtjca6vcw46tcgcup57a2rp7cqrzwwtreqjk7rek";

#[test]
fn a_peer_that_is_added_is_listed_kept_and_there_after_a_crash() {
    let mut node = Node::new();
    let channel = "dmpcchannel1u7z9zv833ues93dpwc8xz0f0f0q2a5lrlfe94vfehll6w0a2egvqy38tlp";
    let more = ["--address", "bob.example:64929", "--direction", "pull", "--channel", channel];
    let rates = ["--operations-per-second", "100", "--bytes-per-second", "1000000"];
    node.peer(&[&["add", "bob", "--key", KEY], &more[..], &rates].concat()).expect_success();
    let file = node.house.path("node").join("peers.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().starts_with("version = 1\n"));
    node.die_and_start();
    let listed = node.peer(&["list", "--json"]).expect_success().json();
    let bob = json!({
        "name": "bob", "key": KEY, "address": "bob.example:64929", "direction": "pull", "channels": [channel],
        "operations_per_second": 100, "bytes_per_second": 1_000_000, "configured": false,
    });
    assert_eq!(listed[1], bob);
    let text = node.peer(&["list"]).expect_success().stdout;
    assert!(
        text.contains(&node.key()) && text.contains(node.house.said("peers ")) && text.contains("1 channel"),
        "{text}"
    );
    node.peer(&["remove", "bob"]).expect_success();
    node.die_and_start();
    assert_eq!(node.peer(&["list", "--json"]).expect_success().json().len(), 1);
}

#[test]
fn a_name_and_a_key_stand_once_and_the_node_is_no_peer_of_its_own() {
    let node = Node::new_with(&[("DMPC_LIMITS_PEERS", "2")]);
    let add = |name: &str, key: &str, more: &[&str]| node.peer(&[&["add", name, "--key", key], more].concat());
    add("bob", KEY, &[]).expect_success();
    add("bob", &Node::new().key(), &[]).expect_failure(1, &["peer_name_taken", "hint: "]);
    add("carol", KEY, &[]).expect_failure(1, &["peer_key_taken", "'bob'"]);
    add("me", &node.key(), &[]).expect_failure(1, &["peer_is_own_key", "hint: "]);
    add("carol", &Node::new().key(), &[]).expect_success();
    add("dora", &Node::new().key(), &[]).expect_failure(1, &["too_many_peers", "limits.peers"]);
    add("d e", KEY, &[]).expect_failure(2, &["no name of a peer"]);
    add("dora", KEY, &["--address", "nowhere"]).expect_failure(2, &["host:port"]);
    add("dora", "dmpcsign1x", &[]).expect_failure(2, &["signing key"]);
    node.peer(&["remove", "dora"]).expect_failure(1, &["unknown_peer"]);
    node.peer(&["sync", "dora"]).expect_failure(1, &["unknown_peer"]);
}

#[test]
fn a_peer_of_the_configuration_is_there_and_stays_where_it_stands() {
    let peers = "[{ name = \"bob\", key = \"dmpcsign1vrjew3325s525965nmqtjca6vcw46tcgcup57a2rp7cqrzwwtreqjk7rek\" }]";
    let node = Node::new_with(&[("DMPC_PEER_PEERS", peers)]);
    let listed = node.peer(&["list", "--json"]).expect_success().json();
    assert_eq!((&listed[1]["name"], &listed[1]["configured"]), (&json!("bob"), &json!(true)));
    node.peer(&["remove", "bob"]).expect_failure(1, &["peer_configured"]);
}

#[test]
fn a_damaged_file_of_peers_is_named_and_nothing_starts() {
    let mut house = House::new();
    house.stop();
    let file = house.path("node").join("peers.toml");
    for (text, words) in [
        ("version = 2\n", "its version is 2"),
        ("version = 1\nnames = []\n", "unknown field"),
        ("version = 1\n[[peers]]\nname = \"bob\"\nkey = \"dmpcsign1x\"\n", "signing key"),
    ] {
        fs::write(&file, text).unwrap();
        let said = serve(&house.path("node"));
        assert_ne!(said.code, 0);
        assert!(said.stderr.contains("peers.toml") && said.stderr.contains(words), "{}", said.stderr);
    }
}

fn serve(data: &Path) -> Said {
    let any = "127.0.0.1:0";
    let mut node = program("dmpc-node");
    node.env_clear().args(["serve", "--grpc", any, "--ws", any, "--data"]).arg(data);
    Said::of(&node.output().unwrap())
}

#[test]
fn without_a_running_node_it_says_so() {
    let mut house = House::new();
    house.stop();
    let mut command = program("dmpc-cli");
    command.env_clear().args(["peer", "list", "--data"]).arg(house.path("node"));
    Said::of(&command.output().unwrap()).expect_failure(4, &["cannot ask the node", "must be running"]);
}
