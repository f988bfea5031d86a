//! People who talk with each other: over both front ends, sealed, verified, and only while they are members.

use super::house::House;

#[test]
fn two_people_exchange_a_message_over_grpc_and_websocket() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let channel = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
    let channel = channel.expect_success().line();

    house.say(&alice, &channel, "one lump or two?").expect_success();
    assert_eq!(house.texts(&bob, &channel), ["one lump or two?"]);
    house.say(&bob, &channel, "none, thank you").expect_success();
    assert_eq!(house.texts(&alice, &channel), ["one lump or two?", "none, thank you"]);
}

#[test]
fn a_message_is_printed_with_position_time_author_name_and_text() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "diary"]).expect_success().line();
    let sent = house.run(&alice, &["--json", "message", "send", "--channel", &channel, "dear diary"]);
    let sent = &sent.expect_success().json()[0];
    let read = house.run(&alice, &["message", "read", "--json", "--channel", &channel]).expect_success().json();

    assert_eq!(read.len(), 1);
    let message = &read[0];
    assert_eq!(message["position"], 0);
    assert_eq!(message["author"], *id);
    assert_eq!(message["name"], "alice");
    assert_eq!(message["text"], "dear diary");
    for field in ["operation", "timestamp", "counter"] {
        assert_eq!(message[field], sent[field], "{field}");
    }
    let timestamp = message["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.len() == "2026-01-01T00:00:00.000Z".len(), "{timestamp}");
}

#[test]
fn a_removed_member_can_no_longer_read() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let member = format!("{bob_id}:rw");
    let channel = house.run(&alice, &["channel", "open", "tea", "--member", &member]).expect_success().line();
    house.say(&alice, &channel, "hello").expect_success();
    assert_eq!(house.texts(&bob, &channel), ["hello"]);

    house.run(&alice, &["channel", "members", "remove", &channel, &bob_id]).expect_success();
    for via in ["grpc", "ws"] {
        let bob = super::house::Person { via, ..bob.clone() };
        house.run(&bob, &["message", "read", "--channel", &channel]).expect_failure(5, &["not_a_member"]);
        house.run(&bob, &["message", "send", "--channel", &channel, "still here"]).expect_failure(5, &["not_a_member"]);
        house.run(&bob, &["listen", "--channel", &channel]).expect_failure(5, &["not_a_member"]);
    }
    assert_eq!(house.texts(&alice, &channel), ["hello"]);
}

#[test]
fn a_member_who_comes_later_reads_what_was_said_before() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "anybody here?").expect_success();
    house.run(&bob, &["message", "read", "--channel", &channel]).expect_failure(5, &["not_a_member"]);

    let add = ["channel", "members", "add", &channel, &format!("{bob_id}:read,write"), "--history"];
    house.run(&alice, &add).expect_success();
    assert_eq!(house.texts(&bob, &channel), ["anybody here?"]);
    house.say(&bob, &channel, "I am").expect_success();
    assert_eq!(house.texts(&alice, &channel), ["anybody here?", "I am"]);
}

#[test]
fn who_may_only_read_is_told_before_anything_is_signed() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "grpc", "none");
    let member = format!("{bob_id}:r");
    let channel = house.run(&alice, &["channel", "open", "news", "--member", &member]).expect_success().line();
    house.say(&bob, &channel, "gossip").expect_failure(5, &["may not write"]);
    house.run(&alice, &["channel", "close", &channel]).expect_success();
    house.say(&alice, &channel, "too late").expect_failure(5, &["closed"]);
    assert_eq!(house.texts(&bob, &channel), Vec::<String>::new());
}

#[test]
fn messages_are_read_forward_backward_and_up_to_a_limit() {
    let house = House::new();
    let (alice, _) = house.user("alice", "ws", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "count"]).expect_success().line();
    let said: Vec<String> = (0..5).map(|number| number.to_string()).collect();
    said.iter().for_each(|text| drop(house.say(&alice, &channel, text).expect_success()));

    assert_eq!(house.texts(&alice, &channel), said);
    let read = |more: &[&str]| -> Vec<(u64, String)> {
        let arguments = [&["message", "read", "--json", "--channel", &channel], more].concat();
        let read = house.run(&alice, &arguments).expect_success().json();
        let message = |message: &serde_json::Value| {
            (message["position"].as_u64().unwrap(), message["text"].as_str().unwrap().to_owned())
        };
        read.iter().map(message).collect()
    };
    assert_eq!(read(&["--backward", "--limit", "2"]), [(4, "4".to_owned()), (3, "3".to_owned())]);
    assert_eq!(read(&["--limit", "1"]), [(0, "0".to_owned())]);
}

#[test]
fn a_text_comes_from_stdin_and_cannot_forge_lines_of_others() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "notes"]).expect_success().line();
    let text = "first\nroot: second\u{1b}[2J\n";
    house.run_with(&alice, &["message", "send", "--channel", &channel, "-"], text).expect_success();

    assert_eq!(house.texts(&alice, &channel), ["first\nroot: second\u{1b}[2J"]);
    let shown = house.run(&alice, &["message", "read", "--channel", "notes"]).expect_success().stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(lines[0].ends_with("alice: first"), "{shown}");
    assert_eq!(lines[1], "    root: second\\u{1b}[2J");
}
