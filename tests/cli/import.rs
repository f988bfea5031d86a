//! `dmpc-cli import`: what becomes of a log. `survival` has kills and damage, `refusals` what it will not do.

mod journal;
mod log;
mod refusals;
mod stage;
mod survival;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use journal::{expect_honest, operations};
use log::Log;
use stage::Stage;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_log_that_came_over_both_front_ends_is_read_back_in_its_order() {
    let (stage, log) = (Stage::new(), Log::busy(400));
    let file = log.write(stage.path("log.jsonl"));
    let ended = stage.run("both", &file, &[]).expect_success();

    assert_eq!(ended.number("events"), log.len());
    assert_eq!(ended.number("users"), log.people());
    assert_eq!(ended.number("channels"), 2);
    let sent = ended.number("sent");
    assert_eq!(sent, ["applied", "pending", "rejected"].iter().map(|name| ended.number(name)).sum::<u64>());
    stage.expect_all(&log);
    expect_honest(&operations(&stage.journal()), 1);
}

#[test]
fn over_one_connection_everything_is_applied_at_once() {
    for via in ["grpc", "ws"] {
        let (stage, log) = (Stage::new(), Log::busy(60));
        let ended = stage.run(via, &log.write(stage.path("log.jsonl")), &[]).expect_success();
        assert_eq!(ended.number("applied"), ended.number("sent"), "{via}");
        stage.expect_all(&log);
    }
}

#[test]
fn a_compressed_log_may_have_several_members() {
    let (stage, log) = (Stage::new(), Log::busy(20));
    let ended = stage.run("grpc", &log.write(stage.path("log.jsonl.gz")), &[]).expect_success();
    assert_eq!(ended.number("events"), log.len());
    stage.expect_all(&log);
}

#[test]
fn whoever_appears_becomes_a_member_until_it_leaves() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.join("alice");
    log.join("alice");
    log.say("alice", "here");
    log.say("bob", "never joined");
    log.part("alice");
    log.part("carol");
    log.say("alice", "back");
    let ended = stage.run("grpc", &log.write(stage.path("log.jsonl")), &[]).expect_success();

    // Members: alice, bob, alice leaves, carol was there and leaves, alice again.
    assert_eq!(ended.operations("channel.members"), 6);
    assert_eq!(ended.operations("user.create"), 3);
    assert_eq!(ended.operations("channel.message"), 3);
    stage.expect_all(&log);
    assert_eq!(stage.read(&stage.person("bob"), &log.today()), log.said[&log.today()]);
}

#[test]
fn a_name_that_was_given_up_is_somebody_new_when_it_comes_back() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "first");
    log.rename("alice", "alice_away");
    log.say("alice_away", "the same");
    log.say("alice", "another");
    let ended = stage.run("grpc", &log.write(stage.path("log.jsonl")), &[]).expect_success();

    assert_eq!(ended.number("users"), 2);
    assert_eq!(ended.number("nicks"), 2);
    assert_eq!(ended.operations("user.update"), 1);
    let authors: Vec<_> = log.said[&log.today()].iter().map(|said| said.0.as_str()).collect();
    assert_eq!(authors, ["alice", "alice", "alice.2"]);
    stage.expect_all(&log);
}

#[test]
fn identities_and_journal_are_their_owners_alone() {
    let (stage, mut log) = (Stage::new(), Log::new());
    for nick in ["../alice", "`bob|[x]", "Zoë", "carol.2"] {
        log.say(nick, "hello");
    }
    stage.run("grpc", &log.write(stage.path("log.jsonl")), &[]).expect_success();
    for file in ["%2E%2E%2Falice", "%60bob%7C%5Bx%5D", "Zo%C3%AB", "carol%2E2"] {
        assert_eq!(mode(&stage.identity(file)), 0o600);
        assert_eq!(stage.read(&stage.person(file), &log.today()).len(), 4);
    }
    assert_eq!(mode(&stage.journal()), 0o600);
    assert_eq!(mode(&stage.path("identities")), 0o700);
    assert_eq!(mode(&stage.path("identities").join("people")), 0o700);
}

#[test]
fn times_are_those_of_the_log_and_never_go_back() {
    let (stage, mut log) = (Stage::new(), Log::new());
    for (time, text) in [("23:59", "late"), ("23:59", "later"), ("00:01", "past midnight")] {
        log.raw(&format!(
            r##"{{"day":"2004-12-25","time":"{time}","channel":"#talk","kind":"message","nick":"bob","text":"{text}"}}"##
        ));
    }
    stage.run("grpc", &log.write(stage.path("log.jsonl")), &[]).expect_success();
    let operations = operations(&stage.journal());
    assert_eq!(operations.first().unwrap().timestamp().millis(), 1_104_019_140_000);
    assert!(operations.iter().all(|operation| operation.timestamp().millis() == 1_104_019_140_000));
    expect_honest(&operations, 1);
}

#[test]
fn when_all_is_done_nothing_is_sent_again() {
    let (stage, log) = (Stage::new(), Log::busy(30));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("both", &file, &[]).expect_success();
    let journal = fs::read(stage.journal()).unwrap();
    let again = stage.run("both", &file, &[]).expect_success();

    assert_eq!((again.number("sent"), again.number("new_events")), (0, 0));
    assert_eq!(again.number("events"), log.len());
    assert!(again.said.stderr.contains("nothing to send"), "{}", again.said.stderr);
    assert_eq!(fs::read(stage.journal()).unwrap(), journal);
}

#[test]
fn a_greater_limit_goes_on() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    let first = stage.run("both", &file, &["--limit", "50"]).expect_success();
    assert_eq!(first.number("events"), 50);
    let less = stage.run("both", &file, &["--limit", "20"]).expect_success();
    assert_eq!((less.number("sent"), less.number("events")), (0, 50));
    let rest = stage.run("both", &file, &[]).expect_success();
    assert_eq!((rest.number("events"), rest.number("new_events")), (log.len(), log.len() - 50));
    assert_eq!(rest.number("duplicate"), 0);
    stage.expect_all(&log);
}

#[test]
fn whoever_joins_later_opens_what_is_said_since_and_whoever_parts_what_was_said_before() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "one");
    log.say("bob", "two");
    log.part("bob");
    log.part("alice");
    log.say("carol", "three");
    log.join("dave");
    log.say("dave", "four");
    log.part("erin");
    log.say("carol", "five");
    log.say("bob", "six");
    log.part("carol");
    let ended = stage.run("grpc", &log.write(stage.path("log.jsonl")), &[]).expect_success();

    // One for bob and alice, who parted with no message between; one for erin; none after the last message.
    assert_eq!(ended.operations("channel.epoch"), 2);
    assert_eq!(ended.number("applied"), ended.number("sent"));
    stage.expect_all(&log);
    // Carol was admitted under the first epoch, dave under the second; bob has the first, and what came after he was back.
    assert_eq!(stage.opened("bob", &log.today()), ["one", "two", "five", "six"]);
    assert_eq!(stage.opened("dave", &log.today()), ["three", "four", "five", "six"]);
}

#[test]
fn a_root_that_rotated_its_encryption_key_goes_on_with_its_import() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &["--limit", "70"]).expect_success();
    stage.house.run(&stage.house.root(), &["user", "update", "--rotate-encryption-key"]).expect_success();
    let rest = stage.run("grpc", &file, &[]).expect_success();
    assert_eq!(rest.number("applied"), rest.number("sent"));
    assert_eq!(rest.number("events"), log.len());
    stage.expect_all(&log);
}

#[test]
fn a_root_does_not_sign_what_happened_before_it_had_its_key() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &["--limit", "70"]).expect_success();
    let before = stage.house.root().with_copied_identity();
    stage.house.run(&stage.house.root(), &["user", "update", "--rotate-signing-key"]).expect_success();
    let journal = fs::read(stage.journal()).unwrap();
    stage.run("grpc", &file, &[]).expect_failure(&["before the root had this signing key", "hint"]);
    assert!(fs::read(stage.journal()).unwrap().starts_with(&journal), "what was signed before stays as it is");

    fs::copy(&before.identity, stage.path("root.identity")).unwrap();
    let rest = stage.run("grpc", &file, &[]).expect_success();
    assert_eq!(rest.number("applied"), rest.number("sent"));
    assert_eq!(rest.number("events"), log.len());
}
