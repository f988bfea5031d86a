//! What an import refuses: foreign files, nodes, users and directories, and lines that it cannot read.

use std::fs::{self, File};

use rustix::fs::{FlockOperation, flock};

use super::{super::swallow::Swallow, log::Log, stage::Stage};

#[test]
fn identities_without_their_journal_are_not_overwritten() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "one");
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &[]).expect_success();
    let alice = fs::read(stage.identity("alice")).unwrap();
    fs::remove_file(stage.journal()).unwrap();
    stage.run("grpc", &file, &[]).expect_failure(&["no journal", "hint"]);
    assert_eq!(fs::read(stage.identity("alice")).unwrap(), alice);
}

#[test]
fn another_file_is_refused() {
    let (stage, log) = (Stage::new(), Log::busy(30));
    stage.run("both", &log.write(stage.path("log.jsonl")), &[]).expect_success();
    let mut other = Log::new();
    other.say("alice", "something else");
    for other in [other, log.cut(20)] {
        let other = other.write(stage.path("other.jsonl"));
        stage.run("both", &other, &[]).expect_failure(&["other.jsonl", "are not those that were imported"]);
    }
}

#[test]
fn another_node_is_refused() {
    let (stage, other, log) = (Stage::new(), Stage::new(), Log::busy(5));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &[]).expect_success();
    fs::rename(stage.path("identities"), other.path("identities")).unwrap();
    other.run("grpc", &file, &[]).expect_failure(&["belongs to an import into dmpcnode1", "hint"]);
}

#[test]
fn what_is_acknowledged_without_a_seal_does_not_count() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "did it arrive?");
    let file = log.write(stage.path("log.jsonl"));
    let liar = Swallow::lying_before(stage.house.ws());
    stage.run("ws", &file, &["--ws", &liar.address().to_string()]).expect_failure(&["not sealed"]);
    let honest = stage.run("ws", &file, &[]).expect_success();
    assert_eq!((honest.number("new_events"), honest.number("sent")), (0, honest.number("applied")));
    assert!(honest.number("applied") >= 4, "{:?}", honest.said);
    stage.expect_all(&log);
}

#[test]
fn whoever_is_no_root_is_refused() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "hello");
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &[]).expect_success();
    fs::copy(stage.identity("alice"), stage.path("root.identity")).unwrap();
    stage.run("grpc", &file, &[]).said.expect_failure(5, &["no root user", "hint"]);
}

#[test]
fn one_import_at_a_time_has_a_directory() {
    let (stage, log) = (Stage::new(), Log::busy(5));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &[]).expect_success();
    let held = File::open(stage.journal()).unwrap();
    flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
    stage.run("grpc", &file, &[]).expect_failure(&["another import"]);
    drop(held);
    stage.run("grpc", &file, &[]).expect_success();
}

#[test]
fn a_bad_line_is_named_and_a_corrected_file_goes_on() {
    let long = format!(r#"{{"day":"{}"}}"#, "x".repeat(70_000));
    let with = |field: &str, value: &str| {
        let good =
            r##"{"day":"2004-12-01","time":"09:14","channel":"#talk","kind":"message","nick":"bob","text":"hi"}"##;
        let mut line: serde_json::Value = serde_json::from_str(good).unwrap();
        line[field] = serde_json::from_str(value).unwrap();
        line.to_string()
    };
    let bad = [
        ("not json".to_owned(), "not a JSON object"),
        (r#"["day"]"#.to_owned(), "not a JSON object"),
        (long, "more than 65536 bytes"),
        (with("kind", r#""quit""#), "the kind 'quit'"),
        (with("kind", "null"), "the field 'kind' is missing"),
        (with("text", "null"), "the field 'text' is missing"),
        (with("text", "7"), "not a JSON object of texts"),
        (with("nick", r#""""#), "the field 'nick' is empty"),
        (with("nick", &format!("\"{}\"", "n".repeat(65))), "the field 'nick' has 65 bytes"),
        (with("day", r#""2005-02-29""#), "'2005-02-29' is no day"),
        (with("day", r#""1969-12-31""#), "'1969-12-31' is no day"),
        (with("day", r#""20041201""#), "'20041201' is no day"),
        (with("time", r#""24:00""#), "'24:00' is no time"),
        (with("time", r#""9:14""#), "'9:14' is no time"),
    ];
    let stage = Stage::new();
    let mut log = Log::new();
    log.say("alice", "before");
    for (line, words) in bad {
        let mut spoilt = log.clone();
        spoilt.raw(&line);
        let file = spoilt.write(stage.path("log.jsonl"));
        let place = format!("log.jsonl:{}:", log.len() + 1);
        stage.run("both", &file, &[]).expect_failure(&[&place, words, "hint"]);
        stage.expect_all(&log);
        log.say("bob", "corrected");
    }
    let ended = stage.run("both", &log.write(stage.path("log.jsonl")), &[]).expect_success();
    assert_eq!(ended.number("events"), log.len());
    stage.expect_all(&log);
}

#[test]
fn a_cut_off_archive_is_named_and_a_whole_one_goes_on() {
    let (stage, log) = (Stage::new(), Log::busy(200));
    let file = log.write(stage.path("log.jsonl.gz"));
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    stage.run("both", &file, &[]).expect_failure(&["log.jsonl.gz:", "cannot be read"]);
    fs::write(&file, &whole).unwrap();
    stage.run("both", &file, &[]).expect_success();
    stage.expect_all(&log);
}

#[test]
fn a_missing_file_and_a_missing_node_are_named() {
    let mut stage = Stage::new();
    let missing = stage.path("nothing.jsonl");
    stage.run("grpc", &missing, &[]).expect_failure(&["nothing.jsonl", "cannot be read"]);
    stage.house.stop();
    stage.run("both", &missing, &[]).said.expect_failure(4, &["no node answers"]);
}
