//! Python and the command line talk with each other, over both front ends.

use serde_json::{Value, json};

use crate::cli::house::House;

use super::{VIAS, python};

/// What Python and the command line both say of a message.
fn common(message: &Value) -> [&Value; 5] {
    ["position", "author", "operation", "counter", "text"].map(|field| &message[field])
}

#[test]
fn each_reads_what_the_other_wrote() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let (bob, bob_id) = house.user("bob", via, "none");
        let channel = python::open_channel(&house, &alice, "tea", &[&bob_id]);
        python::say(&house, &alice, &channel, &["one lump or two?", "\u{fc}ber \u{1f375}\nand a second line", "\0"]);
        assert_eq!(house.texts(&bob, &channel), ["one lump or two?", "\u{fc}ber \u{1f375}\nand a second line", "\0"]);
        house.say(&bob, &channel, "none, thank you").expect_success();
        // An identity that Python made is one of the command line, too.
        house.say(&alice, &channel, "suit yourself").expect_success();

        let read = python::read(&house, &alice, &channel);
        let said = house.run(&bob, &["message", "read", "--json", "--channel", &channel]).expect_success().json();
        assert_eq!(read.len(), 5);
        assert_eq!(read.iter().map(common).collect::<Vec<_>>(), said.iter().map(common).collect::<Vec<_>>());
    }
}

#[test]
fn python_answers_in_a_channel_of_the_command_line() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = house.user("alice", via, "channel.add,user.read");
        let (bob, bob_id) = python::newcomer(&house, "bob", via, &[]);
        let channel = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
        let channel = channel.expect_success().line();
        house.say(&alice, &channel, "one lump or two?").expect_success();
        assert_eq!(python::texts(&house, &bob, &channel), ["one lump or two?"]);
        python::say(&house, &bob, &channel, &["three"]);
        assert_eq!(house.texts(&alice, &channel), ["one lump or two?", "three"]);
    }
}

#[test]
fn a_second_epoch_of_python_is_opened_by_the_command_line() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let (bob, bob_id) = house.user("bob", via, "none");
        let (carol, carol_id) = house.user("carol", via, "none");
        let channel = python::open_channel(&house, &alice, "tea", &[&bob_id, &carol_id]);
        python::say(&house, &alice, &channel, &["to all"]);
        assert_eq!(house.texts(&carol, &channel), ["to all"]);

        let identity = python::text(&alice.identity);
        let arguments = json!({ "identity": identity, "channel": channel, "removed": carol_id, "stays": [bob_id], "text": "to bob" });
        let epochs = python::run_at(&house, via, "second_epoch", &arguments);
        assert_eq!(epochs["epochs"].as_array().unwrap().len(), 2);
        assert_eq!(house.texts(&bob, &channel), ["to all", "to bob"]);
        house.run(&carol, &["message", "read", "--channel", &channel]).expect_failure(5, &["not_a_member"]);
        house.say(&bob, &channel, "to alice").expect_success();
        assert_eq!(python::texts(&house, &alice, &channel), ["to all", "to bob", "to alice"]);
    }
}

#[test]
fn sealed_answers_hold_what_plain_ones_say() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        python::say(&house, &alice, &channel, &["one", "two"]);
        let arguments = json!({ "identity": python::text(&alice.identity), "channel": channel });
        let asked = python::run_at(&house, via, "sealed_answers", &arguments);
        assert_eq!(asked["queries"], json!(["users", "keys", "channel", "channels", "messages"]));
    }
}

#[test]
fn a_page_goes_beyond_1_mib_by_one_message_at_most() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        let identity = python::text(&alice.identity);
        let arguments = json!({ "identity": identity, "channel": channel, "count": 4, "length": 500_000 });
        let page = python::run_at(&house, via, "large_page", &arguments);
        assert_eq!(page["messages"], 3);
        assert!(page["bytes"].as_u64().unwrap() > 1 << 20, "{page}");
    }
}

#[test]
fn a_sealed_acknowledgement_tells_one_key_what_became_of_operations() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        let arguments = json!({ "identity": python::text(&alice.identity), "channel": channel });
        let told = python::run_at(&house, via, "sealed_acknowledgement", &arguments);
        assert_eq!(told["outcomes"], json!(["APPLIED", "REFUSED"]));
        assert_eq!(house.texts(&alice, &channel), ["between us"]);
    }
}
