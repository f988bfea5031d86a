//! `doctor`: what stands in the way, and the one way on for a store that lost what it had acknowledged.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use super::house::{House, Person, Said, program};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A house with a conversation of alice.
fn told() -> (House, Person, String) {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "one").expect_success();
    (house, alice, channel)
}

/// The findings of a check, as their level and detail.
fn of<'a>(findings: &'a [Value], check: &str) -> Vec<(&'a str, &'a str)> {
    let these = findings.iter().filter(|finding| finding["check"] == check);
    these.map(|finding| (finding["level"].as_str().unwrap(), finding["detail"].as_str().unwrap())).collect()
}

fn doctor(house: &House, person: &Person, more: &[&str]) -> Said {
    house.run(person, &[&["doctor", "--json"], more].concat())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_sound_house_has_nothing_to_complain_of() {
    let (house, alice, _) = told();
    let data = house.path("node");
    let findings = doctor(&house, &alice, &["--data", text(&data)]).expect_success().json();
    assert!(findings.iter().all(|finding| finding["level"] == "ok"), "{findings:#?}");
    for check in
        ["state", "outbox", "identity", "grpc", "websocket", "version", "clock", "data", "node identity", "store"]
    {
        assert!(!of(&findings, check).is_empty(), "{check} is not there: {findings:#?}");
    }
    assert!(of(&findings, "store")[0].1.contains("3 operations"), "{findings:#?}");
    assert!(of(&findings, "clock")[0].1.contains("within 5 s"));
    let people = house.run(&alice, &["doctor", "--offline"]).expect_success().stdout;
    assert!(people.contains("ok       identity") && !people.contains("websocket"), "{people}");
}

#[test]
fn modes_that_let_others_in_a_node_that_is_away_and_a_damaged_outbox_are_named() {
    let (mut house, alice, _) = told();
    let data = house.path("node");
    set_mode(&alice.identity, 0o644);
    set_mode(&alice.state, 0o755);
    set_mode(&data, 0o750);
    house.stop();
    // A record is damaged, and others follow it.
    let outbox = alice.outbox();
    let mut bytes = fs::read(&outbox).unwrap();
    bytes[9] ^= 1;
    fs::write(&outbox, bytes).unwrap();
    let said = doctor(&house, &alice, &["--data", text(&data)]);
    let findings = said.json();
    for (check, words) in [
        ("state", "mode 0755"),
        ("identity", "mode 0644"),
        ("data", "mode 0750"),
        ("grpc", "no node answers"),
        ("websocket", "no node answers"),
        ("outbox", "is damaged"),
    ] {
        let found = of(&findings, check);
        assert!(
            found.iter().any(|(level, detail)| *level == "failure" && detail.contains(words)),
            "{check}: {found:?}"
        );
    }
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("checks failed"), "{said:?}");
}

/// The database of a stopped node as it was before the last messages, while HEAD says that these were acknowledged.
fn lose(house: &mut House, alice: &Person, channel: &str) -> PathBuf {
    let (data, backup) = (house.path("node"), house.path("backup"));
    let create = ["backup", "create", "--data", text(&data), text(&backup)];
    house.run(alice, &create).expect_success();
    house.say(alice, channel, "two").expect_success();
    house.say(alice, channel, "three").expect_success();
    house.stop();
    let (db, kept) = (data.join("store/db"), backup.join("store/db"));
    fs::remove_dir_all(&db).unwrap();
    fs::rename(kept, &db).unwrap();
    data
}

#[test]
fn a_store_that_lost_what_it_acknowledged_goes_on_when_the_loss_is_accepted_and_not_before() {
    let (mut house, alice, channel) = told();
    let data = lose(&mut house, &alice, &channel);
    let serve = ["serve", "--grpc", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--data", text(&data)];
    let refused = program("dmpc-node").args(serve).stdin(Stdio::null()).output().unwrap();
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let said = doctor(&house, &alice, &["--offline", "--data", text(&data)]);
    let findings = said.json();
    let loss = of(&findings, "store");
    assert!(
        loss.iter().any(|(level, detail)| *level == "failure" && detail.contains("5 operations were acknowledged"))
    );
    assert_eq!(said.code, 1);
    let accepted = doctor(&house, &alice, &["--data", text(&data), "--accept-loss"]).expect_success().json().remove(0);
    assert_eq!((&accepted["lost"], &accepted["operations"]), (&2.into(), &3.into()));
    house.start();
    assert_eq!(house.texts(&alice, &channel), ["one"]);
    let busy = doctor(&house, &alice, &["--data", text(&data), "--accept-loss"]);
    busy.expect_failure(1, &["in use by another process"]);
    house.say(&alice, &channel, "four").expect_success();
    house.stop();
    let nothing = doctor(&house, &alice, &["--data", text(&data), "--accept-loss"]).expect_success().json().remove(0);
    assert_eq!((&nothing["lost"], &nothing["operations"]), (&0.into(), &4.into()));
    doctor(&house, &alice, &["--offline", "--data", text(&data)]).expect_success();
}

#[test]
fn a_store_without_a_readable_head_goes_on_too() {
    let (mut house, alice, channel) = told();
    house.stop();
    let data = house.path("node");
    fs::write(data.join("store/HEAD"), [0; 1_024]).unwrap();
    let said = doctor(&house, &alice, &["--offline", "--data", text(&data)]);
    assert_eq!(said.code, 1, "{said:?}");
    let accepted = doctor(&house, &alice, &["--data", text(&data), "--accept-loss"]).expect_success().json().remove(0);
    assert_eq!((&accepted["lost"], &accepted["operations"]), (&Value::Null, &3.into()));
    house.start();
    assert_eq!(house.texts(&alice, &channel), ["one"]);
}
