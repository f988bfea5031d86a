//! An auditor in Python, who has a client and no log, comes to the digest of the audit of the log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::house::House;

use super::{VIAS, python};

/// What `dmpc-cli replay` says of a node's log.
pub(super) fn replayed(house: &House) -> Value {
    let data = house.path("node");
    let replay = ["--json", "replay", "--verify", "--channels", "--data", python::text(&data)];
    house.run(&house.root(), &replay).expect_success().json().remove(0)
}

/// The digests of channels in it.
pub(super) fn digests(replayed: &Value) -> BTreeMap<&str, &str> {
    let channels = replayed["channels"].as_array().unwrap().iter();
    channels.map(|line| (line["channel"].as_str().unwrap(), line["digest"].as_str().unwrap())).collect()
}

#[test]
fn the_digest_of_a_channel_follows_from_what_a_member_is_given() {
    for via in VIAS {
        let house = House::new();
        let (alice, _) = house.user("alice", via, "channel.add,user.read");
        let (bob, bob_id) = python::newcomer(&house, "bob", via, &[]);
        let (_, carol_id) = house.user("carol", via, "none");
        let channel = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
        let channel = channel.expect_success().line();
        (0..10).for_each(|number| drop(house.say(&alice, &channel, &number.to_string()).expect_success()));
        python::say(&house, &bob, &channel, &["ten", "eleven"]);
        let set = ["channel", "members", "add", &channel, &format!("{carol_id}:r"), "--history"];
        house.run(&alice, &set).expect_success();
        house.run(&alice, &["channel", "members", "remove", &channel, &carol_id]).expect_success();
        house.say(&alice, &channel, "last").expect_success();
        house.run(&alice, &["channel", "close", &channel]).expect_success();

        let arguments = json!({ "identity": python::text(&bob.identity), "channel": channel });
        let found = python::run_at(&house, via, "audit", &arguments);
        assert_eq!(found["messages"], 13);
        let digest = found["digest"].as_str().unwrap();
        assert_eq!(digests(&replayed(&house)), BTreeMap::from([(channel.as_str(), digest)]));
    }
}
