//! What an auditor asks: the state as of a time, of one user or channel, why an operation has its verdict, what two nodes
//! disagree on, and the report as a file.

use std::fs;

use serde_json::Value;

use super::{families::copy_directory, replay, report, told};
use crate::cli::house::House;

/// A house in which bob may open no channel, and opened one all the same.
fn refused() -> (House, String, String) {
    let (house, channel) = told();
    let (bob, id) = house.user("bob", "grpc", "none");
    let alice = house.person("alice", "grpc");
    house.run(&alice, &["channel", "members", "add", &channel, &format!("{id}:read")]).expect_success();
    house.run(&bob, &["channel", "open", "den"]).expect_failure(1, &["permission_missing"]);
    (house, channel, id)
}

fn exported(house: &House, more: &[&str]) -> Value {
    let file = house.path(&format!("report-{}.json", more.len()));
    let path = file.to_str().unwrap();
    replay(house, &[more, &["--export", path]].concat()).expect_success();
    assert_ne!(replay(house, &["--export", path]).code, 0, "an existing file is not overwritten");
    serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap()
}

#[test]
fn an_exported_report_has_users_channels_verdicts_and_what_was_compared() {
    let (house, channel, bob) = refused();
    let report = exported(&house, &["--verify"]);
    assert_eq!((&report["report_version"], &report["summary"]["agrees"]), (&1.into(), &true.into()));
    let users = report["users"].as_array().unwrap();
    let bob = users.iter().find(|user| user["user"] == *bob).unwrap();
    assert_eq!((&bob["name"], &bob["operations"], &bob["applied"]), (&"bob".into(), &1.into(), &0.into()));
    assert_eq!((&bob["active"], &bob["permissions"]), (&true.into(), &Value::Array(vec![])));
    let room = &report["channels"][0];
    assert_eq!(
        (&room["channel"], &room["name"], &room["messages"]),
        (&channel.as_str().into(), &"tea".into(), &6.into())
    );
    assert_eq!(room["members"].as_array().unwrap().len(), 2);
    assert!(report["compared"]["by_user"].as_u64().unwrap() > 0);
    assert_eq!((&report["evidence_found"], &report["flips_found"]), (&0.into(), &0.into()));
}

#[test]
fn a_report_for_people_lines_up_and_is_restricted_to_a_channel_or_a_user() {
    let (house, _, _) = refused();
    let whole = replay(&house, &["--verify"]).expect_success().stdout;
    for words in ["users (3)", "channels (1)", "verdicts (5)", "agrees        yes", "permission_missing"] {
        assert!(whole.contains(words), "'{words}' is not in {whole}");
    }
    let of_bob = replay(&house, &["--user", "bob", "--json"]).expect_success();
    assert_eq!((&report(&of_bob)["applied"], &report(&of_bob)["rejected"]), (&0.into(), &1.into()));
    let of_tea = replay(&house, &["--channel", "tea", "--json"]).expect_success();
    assert_eq!(report(&of_tea)["applied"], 8, "an open, members and six messages");
    replay(&house, &["--user", "nobody"]).expect_failure(1, &["the log has no user 'nobody'"]);
    replay(&house, &["--user", "dmpc1"]).expect_failure(2, &["'dmpc1' stands for 3 users"]);
}

#[test]
fn the_state_as_of_a_time_has_the_digest_that_a_replay_gave_then() {
    let (house, channel) = told();
    let before = report(&replay(&house, &["--json"]).expect_success());
    let then = exported(&house, &[]);
    let last = then["summary"]["last"].as_str().unwrap().to_owned();
    let alice = house.person("alice", "grpc");
    house.say(&alice, &channel, "later").expect_success();
    let now = report(&replay(&house, &["--json", "--until", &last]).expect_success());
    assert_eq!((&now["until"]["digest"], &now["until"]["log_digest"]), (&before["digest"], &before["log_digest"]));
    assert_eq!((&now["applied"], &now["operations"]), (&8.into(), &9.into()));
    assert_ne!(now["digest"], before["digest"], "what is compared is the whole");
    replay(&house, &["--until", "yesterday"]).expect_failure(2, &["no time"]);
}

#[test]
fn an_explanation_names_the_rule_what_it_read_and_which_operation_gave_that() {
    let (house, _, bob) = refused();
    assert_eq!(exported(&house, &["--verify", "--user", "bob"])["summary"]["rejected"], 1);
    let rejected = rejected_operation(&house);
    let text = replay(&house, &["--explain", &rejected[..24]]).expect_success().stdout;
    for words in ["rejected(permission_missing)", "permission channel.add", "never written", "user.create by dmpc1"] {
        assert!(text.contains(words), "'{words}' is not in {text}");
    }
    let said = replay(&house, &["--explain", &rejected, "--json"]).expect_success().json().pop().unwrap();
    assert_eq!((&said["computed"]["reason"], &said["kind"]), (&"permission_missing".into(), &"channel.open".into()));
    assert_eq!((&said["stored"]["reason"], &said["certifier"]), (&said["computed"]["reason"], &bob.as_str().into()));
    let readings = said["readings"].as_array().unwrap();
    let of = |register: &str| readings.iter().find(|reading| reading["register"] == register).unwrap();
    assert_eq!(of("permission channel.add")["value"], "never written");
    assert_eq!((&of("created")["value"], &of("created")["kind"]), (&"yes".into(), &"user.create".into()));
    assert_eq!(of("signing key")["operation"], of("created")["operation"]);
    replay(&house, &["--explain", "dmpcop1"]).expect_failure(2, &["is no operation id"]);
    replay(&house, &["--explain", "dmpcop1qqqqqqqqqq"]).expect_failure(1, &["the log has no operation"]);
}

/// The one operation that the node rejected.
fn rejected_operation(house: &House) -> String {
    let taken = house.path("before");
    copy_directory(&house.path("node/store"), &taken);
    let db = super::families::open_database(&taken);
    let controls = db.iterator_cf(db.cf_handle("controls").unwrap(), rocksdb::IteratorMode::Start).map(Result::unwrap);
    let (key, _) = controls.into_iter().find(|(_, record)| record[0] == 36).unwrap();
    dmpc::OpKey::from_slice(&key[4..]).unwrap().id.to_string()
}

#[test]
fn two_stores_are_compared_operation_by_operation() {
    let (mut house, channel) = told();
    house.stop();
    copy_directory(&house.path("node"), &house.path("other"));
    let other = house.path("other");
    let other = other.to_str().unwrap();
    let said = replay(&house, &["--diff", other, "--json"]).expect_success().json();
    assert_eq!((said.len(), &said[0]["only_here"], &said[0]["same_roots"]), (1, &0.into(), &true.into()));
    house.start();
    let alice = house.person("alice", "grpc");
    house.say(&alice, &channel, "only here").expect_success();
    let said = replay(&house, &["--diff", other, "--json"]);
    assert_eq!(said.code, 3, "{said:?}");
    let lines = said.json();
    assert_eq!((lines.len(), &lines[0]["disagrees"]), (2, &"here".into()));
    assert_eq!((&lines[0]["kind"], &lines[0]["here"]["verdict"]), (&"channel.message".into(), &"applied".into()));
    assert_eq!((&lines[1]["only_here"], &lines[1]["only_there"]), (&1.into(), &0.into()));
    assert_eq!(lines[1]["channels_that_differ"], Value::from(vec![channel]));
    let text = replay(&house, &["--diff", other]);
    assert!(text.stdout.contains("only here   applied"), "{text:?}");
    assert!(text.stderr.contains("1 operations only here, 0 only there, 0 with other verdicts"), "{text:?}");
}
