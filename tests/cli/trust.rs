//! Two people for one operation: who issues it and who certifies it, with a file between them, and anybody to submit it.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use dmpc::{
    Identity,
    request::{Query, sign_request},
    transaction::{Content, PipelineOptions, encode},
    v1,
};
use prost::Message;
use serde_json::{Value, json};

use super::house::{House, Person, Said};
use crate::support::client::now_ms;

const GENERATE: &[&str] = &["transaction", "generate", "-r", "node"];
const CERTIFY: &[&str] = &["operation", "sign", "--certify", "--yes"];
const RUN: &[&str] = &["transaction", "run"];

fn bytes(line: &str) -> Vec<u8> {
    let object: Value = serde_json::from_str(line).unwrap();
    BASE64_STANDARD.decode(object["bytes"].as_str().unwrap()).unwrap()
}

fn object(tag: &str, bytes: &[u8]) -> String {
    json!({ "type": tag, "bytes": BASE64_STANDARD.encode(bytes) }).to_string()
}

/// What became of the one operation of a transaction.
fn outcome(said: &Said) -> Value {
    said.json()[0]["outcomes"][0].clone()
}

/// Bob who may add users, carol who may nothing, and alice who is nobody yet and asks bob to create her.
fn invitation(house: &House) -> (Person, Person, Person, String) {
    let (bob, bob_id) = house.user("bob", "grpc", "user.add");
    let (carol, _) = house.user("carol", "ws", "none");
    let alice = house.person("alice", "ws");
    let generate = ["user", "generate", "--name", "alice", alice.identity.to_str().unwrap()];
    let user = house.run(&alice, &generate).expect_success().stdout;
    let issue = ["operation", "sign", "--issue", "--certifier", &bob_id];
    let issued = house.pipe(&alice, &user, &[&["operation", "generate", "user", "create"], &issue]).expect_success();
    (alice, bob, carol, issued.stdout)
}

#[test]
fn an_invitation_is_issued_by_its_subject_certified_by_another_and_submitted_by_a_third() {
    let house = House::new();
    let (alice, bob, carol, issued) = invitation(&house);
    assert_eq!(house.run(&alice, &["user", "show"]).code, 5, "nobody knows alice yet");
    let file = house.path("invitation");
    fs::write(&file, &issued).unwrap();
    let certify = ["operation", "sign", "--certify", "--yes", file.to_str().unwrap()];
    let certified = house.run(&bob, &certify).expect_success();
    // Bob saw what he certified.
    for words in ["to be certified:", "kind: user.create", "name: alice", "issuer: dmpc1", "permissions: none"] {
        assert!(certified.stderr.contains(words), "'{words}' is not in: {}", certified.stderr);
    }
    let said = house.pipe(&carol, &certified.stdout, &[GENERATE, RUN]).expect_success();
    assert_eq!(outcome(&said)["outcome"], "applied");
    let shown = house.run(&alice, &["user", "show", "--json"]).expect_success().json();
    assert_eq!(shown[0]["name"], "alice");
}

#[test]
fn a_change_of_members_is_issued_by_one_and_certified_by_one_who_manages() {
    let house = House::new();
    let (bob, bob_id) = house.user("bob", "grpc", "channel.add,user.read");
    let (alice, alice_id) = house.user("alice", "ws", "none");
    let (carol, carol_id) = house.user("carol", "grpc", "none");
    let root = house.root();
    let grant = ["operation", "generate", "user", "update", "alice", "--grant", "user.read"];
    house.pipe(&root, "", &[&grant, &["operation", "sign"], GENERATE, RUN]).expect_success();
    house.run(&bob, &["channel", "open", "tea", "--member", &format!("{alice_id}:rw")]).expect_success();
    house.say(&bob, "tea", "who else?").expect_success();
    let draft = ["operation", "generate", "channel", "members", "tea", "--set", "carol:r"];
    // By herself she may not: she does not manage the channel.
    let alone = house.pipe(&alice, "", &[&draft, &["operation", "sign"], GENERATE, RUN]);
    assert_eq!((alone.code, &outcome(&alone)["reason"]), (1, &json!("right_missing")));
    let issue = ["operation", "sign", "--issue", "--certifier", "bob"];
    let issued = house.pipe(&alice, "", &[&draft, &issue]).expect_success();
    assert!(issued.stderr.contains(&format!("bob is {bob_id}")), "{}", issued.stderr);
    let certified = house.run_with(&bob, CERTIFY, &issued.stdout).expect_success();
    assert!(certified.stderr.contains(&format!("set: {carol_id}:read")), "{}", certified.stderr);
    let said = house.pipe(&carol, &certified.stdout, &[GENERATE, RUN]).expect_success();
    assert_eq!(outcome(&said)["outcome"], "applied");
    assert_eq!(house.texts(&carol, "tea"), ["who else?"], "alice shared the key of the epoch in what she issued");
}

#[test]
fn an_issue_is_certified_by_whom_it_names_and_by_nobody_else() {
    let house = House::new();
    let (alice, bob, carol, issued) = invitation(&house);
    for other in [&carol, &alice, &house.root()] {
        house.run_with(other, CERTIFY, &issued).expect_failure(5, &["is for dmpc1", "to certify"]);
    }
    // It is no operation, and nothing makes it one but a certification.
    house.run_with(&carol, GENERATE, &issued).expect_failure(2, &["an issue is no operation yet"]);
    house
        .run_with(&carol, GENERATE, &object("operation", &bytes(&issued)))
        .expect_failure(1, &["certification_missing"]);
    house.run_with(&bob, &["operation", "sign"], &issued).expect_failure(2, &["certify it with --certify"]);
    house.run_with(&bob, &["operation", "sign", "--issue"], &issued).expect_failure(2, &["--certifier"]);
}

#[test]
fn nothing_is_certified_unseen() {
    let house = House::new();
    let (_, bob, _, issued) = invitation(&house);
    let said = house.run_with(&bob, &["operation", "sign", "--certify"], &issued);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("name: alice") && said.stderr.contains("pass --yes"), "{}", said.stderr);
}

#[test]
fn a_file_that_was_changed_on_its_way_is_refused() {
    let house = House::new();
    let (_, bob, carol, issued) = invitation(&house);
    let issue = bytes(&issued);
    let certified = house.run_with(&bob, CERTIFY, &issued).expect_success().stdout;
    let operation = bytes(&certified);
    for place in (0..issue.len()).step_by(23) {
        let mut changed = issue.clone();
        changed[place] ^= 1;
        let said = house.run_with(&bob, CERTIFY, &object("issue", &changed));
        assert!(said.code != 0 && said.stdout.is_empty(), "byte {place}: {said:?}");
    }
    for place in (0..operation.len()).step_by(31) {
        let mut changed = operation.clone();
        changed[place] ^= 1;
        let said = house.run_with(&carol, GENERATE, &object("operation", &changed));
        assert!(said.code != 0 && said.stdout.is_empty(), "byte {place}: {said:?}");
    }
    // The last byte of the certification's signature: well formed, and shown for what it is.
    let mut forged = operation.clone();
    *forged.last_mut().unwrap() ^= 1;
    let forged = object("operation", &forged);
    house.run_with(&carol, GENERATE, &forged).expect_failure(5, &["signature"]);
    let shown = house.run_with(&carol, &["operation", "show"], &forged);
    assert_eq!(shown.code, 3);
    assert!(shown.stdout.contains("DO NOT VERIFY"), "{}", shown.stdout);
    // And the node refuses it, if somebody packs it all the same.
    let mut bad = operation;
    *bad.last_mut().unwrap() ^= 1;
    let content = Content::Operations(vec![bad.into()]);
    let options = PipelineOptions { read_result: true, ..Default::default() };
    let transaction = transaction(&encode(&content, options, &[]).unwrap(), "submit");
    let said = house.run_with(&carol, RUN, &transaction);
    assert_eq!((said.code, &outcome(&said)["reason"]), (1, &json!("bad_signature")));
}

fn transaction(bytes: &[u8], call: &str) -> String {
    json!({ "type": "transaction", "call": call, "bytes": BASE64_STANDARD.encode(bytes) }).to_string()
}

#[test]
fn a_certification_of_another_issue_is_refused() {
    let house = House::new();
    let (alice, bob, carol, issued) = invitation(&house);
    let bob_id = house.run(&bob, &["identity", "show", "--json"]).expect_success().json()[0]["user"].clone();
    let user = house.run(&alice, &["identity", "show", "--json"]).expect_success().stdout;
    let create = ["operation", "generate", "user", "create", "--permissions", "channel.add"];
    let issue = ["operation", "sign", "--issue", "--certifier", bob_id.as_str().unwrap()];
    let greedy = house.pipe(&alice, &user, &[&create, &issue]).expect_success().stdout;
    let certified = house.run_with(&bob, CERTIFY, &issued).expect_success().stdout;
    // Bob certified the one that grants nothing; alice puts his certification to the other.
    let (certified, greedy) = (bytes(&certified), bytes(&greedy));
    let mut moved = v1::Operation::decode(certified.as_slice()).unwrap();
    let greedy = v1::Operation::decode(greedy.as_slice()).unwrap();
    (moved.body, moved.signature) = (greedy.body, greedy.signature);
    let moved = moved.encode_to_vec();
    house.run_with(&carol, GENERATE, &object("operation", &moved)).expect_failure(1, &["certification_of_other_issue"]);
    let content = Content::Operations(vec![moved.into()]);
    let options = PipelineOptions { read_result: true, ..Default::default() };
    let transaction = transaction(&encode(&content, options, &[]).unwrap(), "submit");
    let said = house.run_with(&carol, RUN, &transaction);
    assert_eq!((said.code, &outcome(&said)["reason"]), (1, &json!("certification_of_other_issue")));
    assert_eq!(house.run(&alice, &["user", "show"]).code, 5, "alice is nobody still");
}

#[test]
fn an_issue_that_is_certified_twice_takes_effect_once() {
    let house = House::new();
    let (_, bob, carol, issued) = invitation(&house);
    let certify = || house.run_with(&bob, CERTIFY, &issued).expect_success().stdout;
    let (first, second) = (certify(), certify());
    let places: Vec<Value> =
        [&first, &second].map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].clone()).into();
    assert_eq!(places, [1, 2], "both stand in bob's lane, and it is not forked");
    let submit = |certified: &str| house.pipe(&carol, certified, &[GENERATE, RUN]);
    assert_eq!(outcome(&submit(&first).expect_success())["outcome"], "applied");
    let again = submit(&second);
    assert_eq!((again.code, &outcome(&again)["reason"]), (1, &json!("duplicate_issue")));
    assert_eq!(outcome(&submit(&first).expect_success())["outcome"], "duplicate");
}

#[test]
fn who_may_not_certify_has_no_effect_with_it() {
    let house = House::new();
    let (carol, carol_id) = house.user("carol", "grpc", "none");
    let alice = house.person("alice", "grpc");
    let user = house.run(&alice, &["user", "generate", alice.identity.to_str().unwrap()]).expect_success().stdout;
    let issue = ["operation", "sign", "--issue", "--certifier", &carol_id];
    let issued = house.pipe(&alice, &user, &[&["operation", "generate", "user", "create"], &issue]).expect_success();
    let said = house.pipe(&carol, &issued.stdout, &[CERTIFY, GENERATE, RUN]);
    assert_eq!((said.code, &outcome(&said)["reason"]), (1, &json!("permission_missing")));
}

#[test]
fn a_request_that_was_carried_for_too_long_is_expired() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "none");
    let identity = Identity::from_text(&fs::read_to_string(&alice.identity).unwrap()).unwrap();
    let draft = house.run(&alice, &["operation", "generate", "user", "read", &identity.user.to_string()]);
    let node = draft.expect_success().json()[0]["node"].as_str().unwrap().parse().unwrap();
    let query = Query::Users { users: vec![identity.user], cursor: Default::default(), limit: 0 };
    let run = |age_ms| {
        let request = sign_request(&identity, &node, [7; 16], now_ms() - age_ms, &query, None);
        let bytes = encode(&Content::Request(request), PipelineOptions::default(), &[]).unwrap();
        house.run_with(&alice, RUN, &transaction(&bytes, "read_users"))
    };
    run(61_000).expect_failure(1, &["request_expired"]);
    let other_call = {
        let request = sign_request(&identity, &node, [8; 16], now_ms(), &query, None);
        let bytes = encode(&Content::Request(request), PipelineOptions::default(), &[]).unwrap();
        house.run_with(&alice, RUN, &transaction(&bytes, "list_channels"))
    };
    assert_eq!(other_call.code, 1, "{other_call:?}");
    let unknown = transaction(&bytes_of_nothing(&identity, &node, &query), "read_minds");
    house.run_with(&alice, RUN, &unknown).expect_failure(1, &["the call 'read_minds' is unknown"]);
}

fn bytes_of_nothing(identity: &Identity, node: &dmpc::NodeId, query: &Query) -> Vec<u8> {
    let request = sign_request(identity, node, [9; 16], now_ms(), query, None);
    encode(&Content::Request(request), PipelineOptions::default(), &[]).unwrap().to_vec()
}
