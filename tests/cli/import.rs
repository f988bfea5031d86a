//! `dmpc-cli import`: what becomes of a log, and what survives a kill.

mod journal;
mod log;
mod stage;

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use dmpc::kinds::Kind;
use rustix::fs::{FlockOperation, flock};

use journal::{expect_honest, operations};
use log::{Log, append};
use stage::Stage;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

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
    expect_honest(&operations(&stage.journal()));
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
    expect_honest(&operations);
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

/// Waits until the journal has so many bytes, in the middle of an import.
fn await_journal(stage: &Stage, import: &mut Child, bytes: u64) {
    let begin = Instant::now();
    while fs::metadata(stage.journal()).map_or(0, |journal| journal.len()) < bytes {
        assert!(begin.elapsed() < PATIENCE, "the journal does not grow to {bytes} bytes");
        assert!(import.try_wait().unwrap().is_none(), "the import ended before {bytes} bytes");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_killed_import_goes_on_where_it_stopped() {
    let (mut stage, log) = (Stage::new(), Log::busy(2_500));
    let file = log.write(stage.path("log.jsonl"));
    for (round, kilobytes) in [0, 1, 200, 400, 600, 800, 1_000, 1_001].into_iter().enumerate() {
        let mut import = stage.import("both", &file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        await_journal(&stage, &mut import, kilobytes * 1_000);
        // Other moments of the next batch each time: signed, journaled, sent, acknowledged.
        thread::sleep(Duration::from_millis(5 * round as u64));
        if round % 2 == 0 {
            import.kill().unwrap();
            import.wait().unwrap();
        } else {
            stage.house.stop();
            import.wait().unwrap();
            stage.house.start();
        }
    }
    let before = operations(&stage.journal());
    let ended = stage.run("both", &file, &[]).expect_success();

    assert_eq!((ended.number("events"), ended.number("users")), (log.len(), log.people()));
    let after = operations(&stage.journal());
    assert!(after.len() > before.len(), "all was signed before the last run");
    assert!(after.iter().zip(&before).all(|(after, before)| after.bytes() == before.bytes()));
    expect_honest(&after);
    stage.expect_all(&log);
    let messages = after.iter().filter(|operation| operation.kind() == Kind::ChannelMessage).count();
    assert_eq!(messages, log.said.values().map(Vec::len).sum::<usize>());
}

#[test]
fn a_lost_connection_ends_the_import_and_names_it() {
    let (mut stage, log) = (Stage::new(), Log::busy(6_000));
    let file = log.write(stage.path("log.jsonl"));
    let mut import = stage.import("both", &file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    await_journal(&stage, &mut import, 10_000);
    stage.house.stop();
    let output = import.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("connection"), "{stderr}");
}

#[test]
fn a_torn_end_of_the_journal_is_dropped() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    for (limit, torn) in [("30", &[0_u8, 0, 1][..]), ("60", &[0, 0, 1, 0, 9, 9, 9, 9, 7, 7]), ("90", &[0; 4096])] {
        stage.run("both", &file, &["--limit", limit]).expect_success();
        append(&stage.journal(), torn);
    }
    let rest = stage.run("both", &file, &[]).expect_success();
    assert_eq!(rest.number("duplicate"), 0);
    expect_honest(&operations(&stage.journal()));
    stage.expect_all(&log);
}

#[test]
fn a_damaged_journal_is_refused_and_left_alone() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("both", &file, &["--limit", "40"]).expect_success();
    stage.run("both", &file, &["--limit", "80"]).expect_success();
    let mut bytes = fs::read(stage.journal()).unwrap();
    bytes[200] ^= 1;
    fs::write(stage.journal(), &bytes).unwrap();
    stage.run("both", &file, &[]).expect_failure(&["damaged at byte", "journal"]);
    assert_eq!(fs::read(stage.journal()).unwrap(), bytes);
}

#[test]
fn a_lost_identity_file_is_written_again() {
    let (stage, mut log) = (Stage::new(), Log::new());
    log.say("alice", "one");
    log.say("bob", "two");
    let file = log.write(stage.path("log.jsonl"));
    stage.run("grpc", &file, &[]).expect_success();
    let (alice, bob) = [stage.identity("alice"), stage.identity("bob")].map(|path| fs::read(path).unwrap()).into();
    fs::remove_file(stage.identity("alice")).unwrap();
    fs::write(stage.identity("bob"), &bob[..20]).unwrap();
    stage.run("grpc", &file, &[]).expect_success();
    assert_eq!(fs::read(stage.identity("alice")).unwrap(), alice);
    assert_eq!(fs::read(stage.identity("bob")).unwrap(), bob);

    fs::write(stage.identity("bob"), &alice).unwrap();
    stage.run("grpc", &file, &[]).expect_failure(&["bob.identity", "never overwritten"]);
    assert_eq!(fs::read(stage.identity("bob")).unwrap(), alice);
}

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
