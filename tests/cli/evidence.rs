//! The key view and proofs of equivocation on the command line; and that the command line itself never gives cause for one.

use std::{fs, thread, time::Duration};

use dmpc::{
    Identity, SignedOperation, UserId,
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::{Draft, Link, OperationError, sign},
    v1,
};
use serde_json::Value;

use super::house::{House, Person};
use crate::support::client::{grpc_client, raw_transaction};

/// What the root sees of a user's keys.
pub(super) fn keys(house: &House, user: &str) -> Value {
    house.run(&house.root(), &["user", "keys", user, "--json"]).expect_success().json().remove(0)
}

/// All evidence that a node has of a user, as kind and place.
pub(super) fn evidence(house: &House, user: &str) -> Vec<(String, u64)> {
    let piece = |piece: &Value| (piece["kind"].as_str().unwrap().to_owned(), piece["seq"].as_u64().unwrap());
    let view = keys(house, user);
    let lanes = view["lanes"].as_array().unwrap();
    lanes.iter().flat_map(|lane| lane["evidence"].as_array().unwrap()).map(piece).collect()
}

/// Signs as somebody, with none of the care of the command line, and submits.
pub(crate) fn submit(house: &House, person: &Person, names: &[&str], link: Link) {
    let identity = Identity::from_text(&fs::read_to_string(&person.identity).unwrap()).unwrap();
    let now = crate::support::client::now_ms();
    let operations: Vec<SignedOperation> = names
        .iter()
        .zip(0..)
        .map(|(name, number)| {
            let payload = UserUpdate::encode(&identity.user, &[FieldWrite::DisplayName((*name).to_owned())]);
            let time = dmpc::Hlc::from_bits((now << 16) + number);
            sign(&identity, Draft::user(Kind::UserUpdate), time, link, |_| Ok::<_, OperationError>(payload)).unwrap()
        })
        .collect();
    let transaction = raw_transaction(operations.iter().map(|operation| operation.bytes().clone()).collect());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut client = grpc_client(house.grpc()).await;
        let mut acks = client.submit(v1::SubmitRequest { transaction }).await.unwrap().into_inner();
        let ack = acks.message().await.unwrap().unwrap();
        assert_eq!(ack.state(), v1::TicketState::Success, "{ack:?}");
    });
}

/// A house in which alice equivocated.
fn equivocated() -> (House, Person, String) {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    submit(&house, &alice, &["one", "other"], Link::first(dmpc::LaneId::from_bytes([9; 16])));
    (house, alice, id)
}

#[test]
fn a_users_keys_and_lanes_are_shown() {
    let house = House::new();
    let (alice, id) = house.user("alice", "ws", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "one").expect_success();
    let view = keys(&house, &id);
    let uses: Vec<_> = view["keys"].as_array().unwrap().iter().map(|key| key["use"].as_str().unwrap()).collect();
    assert_eq!(uses, ["signing", "encryption"]);
    assert!(view["keys"][0]["until"].is_null() && view["keys"][0]["from"].is_string());
    let lanes = view["lanes"].as_array().unwrap();
    assert_eq!(lanes.len(), 1);
    assert_eq!((lanes[0]["channel"].as_str().unwrap(), lanes[0]["head"].as_u64().unwrap()), (channel.as_str(), 2));
    let own = house.run(&alice, &["user", "keys"]).expect_success().stdout;
    assert!(own.contains("USE") && own.contains("LANE") && own.contains(&channel), "{own}");
    assert!(!own.contains("fork"), "{own}");
    let (bob, _) = house.user("bob", "grpc", "none");
    house.run(&bob, &["user", "keys", &id]).expect_failure(5, &["permission_missing"]);
    let nobody = UserId::from_bytes([3; 32]).to_string();
    house.run(&house.root(), &["user", "keys", &nobody]).expect_failure(1, &["knows no user"]);
}

#[test]
fn a_proof_is_exported_from_the_node_and_from_its_store_and_verified_without_either() {
    let (mut house, alice, id) = equivocated();
    assert_eq!(evidence(&house, &id), [("fork".to_owned(), 1)]);
    let shown = house.run(&house.root(), &["user", "keys", &id]).expect_success().stdout;
    assert!(shown.contains("EVIDENCE") && shown.contains("fork"), "{shown}");
    let live = house.path("live");
    let export = ["evidence", "export", "--user", &id, live.to_str().unwrap()];
    let file = house.run(&house.root(), &export).expect_success().line();
    let own = house.path("own");
    house.run(&alice, &["evidence", "export", own.to_str().unwrap()]).expect_success();
    let (data, offline) = (house.path("node"), house.path("offline"));
    let export = ["evidence", "export", "--data", data.to_str().unwrap(), offline.to_str().unwrap()];
    let beside = house.run(&alice, &export).expect_success().line();
    house.stop();
    let stopped = house.run(&alice, &export).expect_success().line();
    assert_eq!(stopped, beside);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(fs::read_to_string(&beside).unwrap(), text);
    assert_eq!(fs::read_dir(&own).unwrap().count(), 1);
    // Without a node, an identity or a state directory.
    let nobody = Person { identity: house.path("none"), state: house.path("none.state"), via: "grpc" };
    let verified = house.run(&nobody, &["evidence", "verify", &file, "--json"]).expect_success().json().remove(0);
    assert_eq!((verified["user"].as_str().unwrap(), verified["seq"].as_u64().unwrap()), (id.as_str(), 1));
    let from_stdin = house.run_with(&nobody, &["evidence", "verify", "-"], &text).expect_success().stdout;
    assert!(from_stdin.contains("one key certified two operations for place 1"), "{from_stdin}");
}

#[test]
fn what_proves_nothing_ends_with_3_and_what_cannot_be_read_with_1() {
    let (house, alice, id) = equivocated();
    let directory = house.path("proofs");
    let export = ["evidence", "export", "--user", &id, directory.to_str().unwrap()];
    let file = house.run(&house.root(), &export).expect_success().line();
    let text = fs::read_to_string(&file).unwrap();
    let verify = |text: &str| {
        let path = house.path("tampered");
        fs::write(&path, text).unwrap();
        house.run(&alice, &["evidence", "verify", path.to_str().unwrap()])
    };
    verify(&text.replacen("seq 1", "seq 2", 1)).expect_failure(3, &["not the one that its operations give"]);
    verify("").expect_failure(3, &["the first line is not"]);
    let first = text.find("operation ").unwrap();
    let second = text.rfind("operation ").unwrap();
    let twice = format!("{}{}", &text[..second], &text[first..second]);
    verify(&twice).expect_failure(3, &["both are one operation"]);
    verify(&text[..second]).expect_failure(3, &["two operations in base64"]);
    let missing = house.path("absent");
    house.run(&alice, &["evidence", "verify", missing.to_str().unwrap()]).expect_failure(1, &["absent"]);
}

#[test]
fn nothing_is_exported_of_who_never_equivocated() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    let directory = house.path("proofs");
    let export = ["evidence", "export", "--user", &id, directory.to_str().unwrap()];
    assert_eq!(house.run(&house.root(), &export).expect_success().stdout, "");
    assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
}

#[test]
fn a_sender_that_is_killed_again_and_again_gives_no_cause_for_evidence() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    let mut killed = 0;
    for round in 0..16 {
        let alice = Person { via: if round % 2 == 0 { "grpc" } else { "ws" }, ..alice.clone() };
        let text = format!("round {round}");
        let mut sending = house.command(&alice, &["message", "send", "--channel", &channel, &text]);
        let mut sending =
            sending.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(4 * round));
        killed += u32::from(sending.try_wait().unwrap().is_none());
        sending.kill().unwrap();
        sending.wait().unwrap();
    }
    assert!(killed > 0, "none was killed in its course");
    house.say(&alice, &channel, "the last").expect_success();
    assert_eq!(evidence(&house, &id), [], "neither forks nor gaps nor times that go back");
    assert_eq!(house.texts(&alice, &channel).last().unwrap(), "the last");
}

#[test]
fn copies_of_an_identity_and_of_a_state_directory_give_no_cause_for_evidence() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "before").expect_success();
    let copy = |from: &std::path::Path, name: &str| {
        let to = house.path(name);
        assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
        to
    };
    // As on another host: the identity alone, the state alone, and both.
    let elsewhere = [
        Person { identity: copy(&alice.identity, "copy.identity"), ..alice.clone() },
        Person { state: copy(&alice.state, "copy.state"), ..alice.clone() },
        Person { identity: copy(&alice.identity, "both.identity"), state: copy(&alice.state, "both.state"), via: "ws" },
        Person { state: house.path("fresh.state"), ..alice.clone() },
    ];
    for round in 0..3 {
        for person in elsewhere.iter().chain([&alice]) {
            house.say(person, &channel, &format!("round {round}")).expect_success();
        }
    }
    assert_eq!(evidence(&house, &id), []);
    assert_eq!(house.texts(&alice, &channel).len(), 1 + 3 * 5);
    let lanes = keys(&house, &id)["lanes"].as_array().unwrap().len();
    assert!(lanes >= 4, "{lanes} lanes: each copy has its own");
}

#[test]
fn the_command_line_talks_to_the_pinned_node_alone() {
    let (house, other) = (House::new(), House::new());
    let node = |house: &House| house.node();
    let list = |pinned: &str| house.run(&house.root(), &["--node", pinned, "channel", "list"]);
    list(&node(&house)).expect_success();
    list(&node(&other)).expect_failure(4, &["answers, not"]);
}
