//! Who is let in: those alone who hold the key of a peer. Whatever else comes to the port is refused, and others go on.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use dmpc::keys::{SigningKey, VerifyingKey};
use tokio::io::AsyncReadExt;

use super::{
    nodes::{Node, introduce, two, until},
    stranger::Stranger,
};
use crate::support::operations::Seeded;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn key(node: &Node) -> VerifyingKey {
    node.key().parse().unwrap()
}

/// That the node serves its peers as before.
#[track_caller]
fn goes_on(alice: &Node, bob: &Node) {
    bob.sync("alice");
    assert_eq!(alice.digests(), bob.digests());
}

#[test]
fn a_node_whose_key_is_not_that_of_a_peer_is_refused_before_it_is_heard() {
    let (alice, bob) = two();
    let stranger = Stranger::new(1);
    runtime().block_on(async {
        let mut stream = stranger.dial(alice.address(), key(&alice)).await.unwrap();
        let refused = stream.read_u8().await.unwrap_err();
        assert!(refused.to_string().contains("AccessDenied"), "{refused}");
    });
    until("it is logged", || alice.log().contains("unknown_key"));
    goes_on(&alice, &bob);
}

#[test]
fn who_knows_the_key_of_a_peer_and_does_not_hold_it_is_nobody() {
    let (alice, bob) = two();
    let stranger = Stranger::new(2);
    runtime().block_on(async {
        let made = SigningKey::generate(&mut Seeded::new(3, "made"));
        let mut stream = stranger.dial_with_key(made, alice.address(), key(&alice)).await.unwrap();
        assert!(stream.read_u8().await.is_err());
        // And nobody takes alice for bob.
        let error = stranger.dial(alice.address(), key(&bob)).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    });
    goes_on(&alice, &bob);
}

#[test]
fn a_node_that_answers_with_another_key_is_not_taken_for_the_peer() {
    let (alice, bob, carol) = (Node::new(), Node::new(), Node::new());
    alice.knows("bob", &bob, &["--address", carol.address()]);
    carol.knows("alice", &alice, &[]);
    until("alice says so", || alice.status("bob")["state"] == "refused");
    let problem = alice.status("bob")["problem"].as_str().unwrap().to_owned();
    assert!(problem.contains("another key"), "{problem}");
    alice.peer(&["sync", "bob"]).expect_failure(1, &["peer_unreachable", "another key"]);
}

#[test]
fn a_node_that_is_not_known_there_says_so_here() {
    let (alice, bob) = (Node::new(), Node::new());
    bob.knows("alice", &alice, &["--address", alice.address()]);
    until("bob is told", || bob.status("alice")["state"] == "refused");
    let problem = bob.status("alice")["problem"].as_str().unwrap().to_owned();
    assert!(problem.contains("does not know the key of this node"), "{problem}");
    alice.knows("bob", &bob, &[]);
    bob.sync("alice");
}

#[test]
fn plain_text_garbage_and_silence_at_the_port_of_peers_are_closed_and_others_go_on() {
    let alice = Node::new_with(&[("DMPC_LIMITS_GREETING_SECONDS", "1")]);
    let bob = Node::beside(&alice);
    introduce(&alice, &bob);
    let noise: Vec<u8> = Seeded::new(4, "noise").array::<512>().to_vec();
    for said in [b"GET / HTTP/1.1\r\nhost: alice\r\n\r\n".to_vec(), noise, Vec::new(), vec![0x16, 3, 1]] {
        let mut stream = TcpStream::connect(alice.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&said).unwrap();
        let mut heard = Vec::new();
        // Closed, or reset where it had more to read; it does not wait for ever.
        if let Err(error) = stream.read_to_end(&mut heard) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
        assert!(heard.len() < 16, "at most an alert: {heard:?}");
    }
    goes_on(&alice, &bob);
}

#[test]
fn handshakes_that_are_never_finished_do_not_keep_peers_out() {
    let alice = Node::new_with(&[("DMPC_LIMITS_GREETING_SECONDS", "2")]);
    let bob = Node::beside(&alice);
    let silent: Vec<TcpStream> = (0..100).filter_map(|_| TcpStream::connect(alice.address()).ok()).collect();
    assert!(silent.len() > 50);
    introduce(&alice, &bob);
    until("bob gets in", || bob.status("alice")["last_exchange_ms"].is_u64());
    drop(silent);
}

#[test]
fn a_peer_that_is_removed_is_refused_from_then_on_and_its_link_is_closed() {
    let (alice, bob) = two();
    bob.sync("alice");
    alice.peer(&["remove", "bob"]).expect_success();
    until("bob is refused", || bob.status("alice")["state"] == "refused");
    alice.knows("bob", &bob, &[]);
    goes_on(&alice, &bob);
}
