//! Subscriptions of Python: resumed, sealed, ended.

use serde_json::{Value, json};

use crate::cli::house::{House, Person};

use super::{VIAS, python};

fn listen(house: &House, person: &Person, channel: &str, cursor: &Value, count: u64) -> Value {
    let arguments =
        json!({ "identity": python::text(&person.identity), "channel": channel, "cursor": cursor, "count": count });
    python::run_at(house, person.via, "listen", &arguments)
}

#[test]
fn a_subscription_is_resumed_at_a_node_that_was_killed() {
    for via in VIAS {
        let mut house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        python::say(&house, &alice, &channel, &["one", "two", "three"]);
        let first = listen(&house, &alice, &channel, &json!(""), 3);
        assert_eq!(first["events"], json!(["(opened)", "one", "two"]));

        house.stop();
        house.start();
        house.say(&alice, &channel, "four").expect_success();
        let second = listen(&house, &alice, &channel, &first["cursor"], 3);
        assert_eq!(second["events"], json!(["three", "four", "(caught_up)"]));
        house.say(&alice, &channel, "five").expect_success();
        assert_eq!(listen(&house, &alice, &channel, &second["cursor"], 1)["events"], json!(["five"]));
    }
}

#[test]
fn a_sealed_subscription_from_now_on_hears_what_comes() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        python::say(&house, &alice, &channel, &["before"]);
        let arguments = json!({ "identity": python::text(&alice.identity), "channel": channel, "text": "after" });
        assert_eq!(python::run_at(&house, via, "from_now", &arguments)["heard"], "after");
    }
}

#[test]
fn a_listener_who_is_removed_is_told_why() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let (bob, bob_id) = python::newcomer(&house, "bob", via, &[]);
        let channel = python::open_channel(&house, &alice, "tea", &[&bob_id]);
        let arguments = json!({
            "identity": python::text(&bob.identity),
            "manager": python::text(&alice.identity),
            "channel": channel,
        });
        let told = if via == "grpc" { ("PERMISSION_DENIED", "permission_denied") } else { ("answer", "") };
        let ended = python::run_at(&house, via, "removed", &arguments);
        assert_eq!(ended, json!({ "code": told.0, "class": told.1 }));
    }
}
