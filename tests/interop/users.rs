//! People of Python: their files, their keys, and what they certify for each other.

use serde_json::json;

use crate::cli::house::House;

use super::{VIAS, python};

#[test]
fn an_identity_of_python_is_one_of_the_command_line() {
    let house = House::new();
    let alice = house.person("alice", "grpc");
    let made = python::run("identity", &json!({ "file": python::text(&alice.identity) }));
    let shown = house.run(&alice, &["identity", "show", "--json"]).expect_success().json();
    assert_eq!(shown[0]["user"], made["user"]);
    let create = ["user", "create", "--user", python::text(&alice.identity), "--name", "alice"];
    assert_eq!(house.run(&house.root(), &create).expect_success().line(), made["user"].as_str().unwrap());
}

#[test]
fn who_was_registered_by_python_is_known_to_the_command_line() {
    for via in VIAS {
        let house = House::new();
        let (alice, id) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let shown = house.run(&alice, &["user", "show", "--json", &id]).expect_success().json();
        assert_eq!((&shown[0]["id"], &shown[0]["name"]), (&json!(id), &json!("alice")), "{shown:?}");
        assert_eq!(shown[0]["permissions"], json!(["channel.add", "user.read"]), "{shown:?}");
    }
}

#[test]
fn an_issue_is_certified_by_another_and_takes_effect_once() {
    for via in VIAS {
        let house = House::new();
        let carol = house.person("carol", via);
        let arguments = json!({ "file": python::text(&carol.identity), "name": "carol" });
        let id = python::run_at(&house, via, "invitation", &arguments)["user"].clone();
        let shown = house.run(&house.root(), &["user", "show", "--json", id.as_str().unwrap()]).expect_success().json();
        assert_eq!((&shown[0]["id"], &shown[0]["name"]), (&id, &json!("carol")), "{shown:?}");
    }
}

#[test]
fn a_message_is_its_issuers_whoever_certified_it() {
    for via in VIAS {
        let house = House::new();
        let (alice, alice_id) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let (bob, bob_id) = python::newcomer(&house, "bob", via, &[]);
        let channel = python::open_channel(&house, &alice, "tea", &[&bob_id]);
        let arguments = json!({
            "issuer": python::text(&bob.identity),
            "certifier": python::text(&alice.identity),
            "courier": python::text(&house.root().identity),
            "file": python::text(&house.path("operation")),
            "channel": channel,
            "text": "by way of alice",
        });
        let made = python::run_at(&house, via, "certified_by_another", &arguments);
        assert_eq!(made, json!({ "author": bob_id, "certifier": alice_id }));
        let read = house.run(&alice, &["message", "read", "--json", "--channel", &channel]).expect_success().json();
        assert_eq!((&read[0]["author"], &read[0]["text"]), (&json!(bob_id), &json!("by way of alice")), "{read:?}");
    }
}

#[test]
fn rotated_keys_of_python_are_those_of_the_command_line() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = python::newcomer(&house, "alice", via, &["channel.add", "user.read"]);
        let channel = python::open_channel(&house, &alice, "tea", &[]);
        python::say(&house, &alice, &channel, &["with the first key"]);
        let rotated = house.person("rotated", via);
        let arguments = json!({
            "identity": python::text(&alice.identity),
            "file": python::text(&rotated.identity),
            "channel": channel,
        });
        let refused = python::run_at(&house, via, "rotation", &arguments);
        let told = if via == "grpc" { ("UNAUTHENTICATED", "unauthentic") } else { ("answer", "") };
        assert_eq!(refused, json!({ "code": told.0, "class": told.1 }));

        assert_eq!(house.texts(&rotated, &channel), ["with the first key", "with the new key"]);
        house.say(&rotated, &channel, "from the command line").expect_success();
        house.say(&alice, &channel, "with the first key").expect_failure(5, &["key_not_current"]);
        assert_eq!(python::texts(&house, &rotated, &channel).len(), 3);
    }
}
