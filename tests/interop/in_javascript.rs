//! JavaScript in Node, over websocket with the JSON subprotocol: it talks with the command line and with Python, listens,
//! is removed, and agrees with the vectors.

use serde_json::{Value, json};

use crate::cli::house::House;

use super::{
    javascript,
    python::{self, text},
    vectors,
};

/// Checks of what the client does not have: it is no node, does not fold and keeps no evidence, and leaves JSON to Node.
const NOT_HERE: [&str; 9] =
    ["checkpoint", "equivocation", "equivocation_text", "json", "lane", "log", "multiset", "order", "request"];
/// So many there were when this was written; there may be more, and never fewer.
const CASES_MIN: u64 = 1_210;

/// What all clients say of a message.
fn common(message: &Value) -> [&Value; 5] {
    ["position", "author", "operation", "counter", "text"].map(|field| &message[field])
}

#[test]
fn javascript_the_command_line_and_python_read_what_each_other_wrote() {
    let house = House::new();
    let (alice, _) = javascript::newcomer(&house, "alice", &["channel.add", "user.read"]);
    let (bob, bob_id) = house.user("bob", "grpc", "none");
    let (carol, carol_id) = python::newcomer(&house, "carol", "grpc", &[]);
    let channel = javascript::open_channel(&house, &alice, "tea", &[&bob_id, &carol_id]);
    let lines = ["one lump or two?", "\u{fc}ber \u{1f375}\nand a second line", "\0"];
    javascript::say(&house, &alice, &channel, &lines);
    house.say(&bob, &channel, "none, thank you").expect_success();
    python::say(&house, &carol, &channel, &["three"]);
    // An identity that JavaScript made is one of the command line, too.
    house.say(&alice, &channel, "suit yourselves").expect_success();

    let said = house.run(&bob, &["message", "read", "--json", "--channel", &channel]).expect_success().json();
    let everything = [&lines[..], &["none, thank you", "three", "suit yourselves"]].concat();
    assert_eq!(said.iter().map(|message| message["text"].as_str().unwrap()).collect::<Vec<_>>(), everything);
    let wanted: Vec<_> = said.iter().map(common).collect();
    assert_eq!(javascript::read(&house, &alice, &channel).iter().map(common).collect::<Vec<_>>(), wanted);
    assert_eq!(python::read(&house, &carol, &channel).iter().map(common).collect::<Vec<_>>(), wanted);
}

#[test]
fn javascript_answers_in_a_channel_of_the_command_line() {
    let house = House::new();
    let (alice, _) = house.user("alice", "ws", "channel.add,user.read");
    let (bob, bob_id) = javascript::newcomer(&house, "bob", &[]);
    let channel = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
    let channel = channel.expect_success().line();
    house.say(&alice, &channel, "one lump or two?").expect_success();
    assert_eq!(javascript::texts(&house, &bob, &channel), ["one lump or two?"]);
    javascript::say(&house, &bob, &channel, &["three"]);
    assert_eq!(house.texts(&alice, &channel), ["one lump or two?", "three"]);
}

#[test]
fn a_second_epoch_of_javascript_is_opened_by_the_command_line() {
    let house = House::new();
    let (alice, _) = javascript::newcomer(&house, "alice", &["channel.add", "user.read"]);
    let (bob, bob_id) = house.user("bob", "grpc", "none");
    let (carol, carol_id) = house.user("carol", "ws", "none");
    let channel = javascript::open_channel(&house, &alice, "tea", &[&bob_id, &carol_id]);
    javascript::say(&house, &alice, &channel, &["to all"]);
    let arguments =
        json!({ "identity": text(&alice.identity), "channel": channel, "removed": carol_id, "text": "to bob" });
    let found = javascript::run_at(&house, "second_epoch", &arguments);
    assert_eq!(found, json!({ "epochs": 2, "members": 2, "messages": "2" }));
    assert_eq!(house.texts(&bob, &channel), ["to all", "to bob"]);
    house.run(&carol, &["message", "read", "--channel", &channel]).expect_failure(5, &["not_a_member"]);
    house.say(&bob, &channel, "to alice").expect_success();
    assert_eq!(javascript::texts(&house, &alice, &channel), ["to all", "to bob", "to alice"]);
}

#[test]
fn a_subscription_of_javascript_is_resumed_at_a_node_that_was_killed() {
    let mut house = House::new();
    let (alice, _) = javascript::newcomer(&house, "alice", &["channel.add", "user.read"]);
    let channel = javascript::open_channel(&house, &alice, "tea", &[]);
    javascript::say(&house, &alice, &channel, &["one", "two", "three"]);
    let listen = |house: &House, cursor: &Value, count: u64| {
        let identity = text(&alice.identity);
        let arguments = json!({ "identity": identity, "channel": channel, "cursor": cursor, "count": count });
        javascript::run_at(house, "listen", &arguments)
    };
    let first = listen(&house, &json!(""), 3);
    assert_eq!(first["events"], json!(["(opened)", "one", "two"]));
    house.stop();
    house.start();
    house.say(&alice, &channel, "four").expect_success();
    let second = listen(&house, &first["cursor"], 3);
    assert_eq!(second["events"], json!(["three", "four", "(caught_up)"]));
    house.say(&alice, &channel, "five").expect_success();
    assert_eq!(listen(&house, &second["cursor"], 1)["events"], json!(["five"]));
}

#[test]
fn a_listener_in_javascript_who_is_removed_is_told_why() {
    let house = House::new();
    let (alice, _) = javascript::newcomer(&house, "alice", &["channel.add", "user.read"]);
    let (bob, bob_id) = javascript::newcomer(&house, "bob", &[]);
    let channel = javascript::open_channel(&house, &alice, "tea", &[&bob_id]);
    let arguments = json!({ "identity": text(&bob.identity), "manager": text(&alice.identity), "channel": channel });
    let told = javascript::run_at(&house, "removed", &arguments);
    assert_eq!(told, json!({ "reason": "right_missing", "code": "answer", "asked": "right_missing" }));
}

#[test]
fn every_vector_is_what_javascript_makes_of_it() {
    let folder = vectors::folder();
    let found = javascript::run("vectors", &json!({ "folder": text(&folder) }));
    assert_eq!(found["faults"], json!([]));
    let all = vectors::assert_all_checked(&found, &NOT_HERE);
    assert!(all >= CASES_MIN, "{all}");
}
