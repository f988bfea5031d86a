//! What an import survives: kills at any moment, a lost connection, a torn journal, lost identity files.

use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use dmpc::kinds::Kind;

use super::{
    super::{evidence::evidence, rollbacks::Snapshot},
    journal::{expect_honest, operations},
    log::{Log, append},
    stage::Stage,
};

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let (mut stage, log) = (Stage::new(), Log::busy(4_000));
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
    expect_honest(&after, 9);
    stage.expect_all(&log);
    let messages = after.iter().filter(|operation| operation.kind() == Kind::ChannelMessage).count();
    assert_eq!(messages, log.said.values().map(Vec::len).sum::<usize>());
}

#[test]
fn an_import_whose_journal_was_put_back_equivocates_nowhere() {
    let (stage, log) = (Stage::new(), Log::busy(60));
    let file = log.write(stage.path("log.jsonl"));
    stage.run("both", &file, &["--limit", "60"]).expect_success();
    let snapshot = Snapshot::of(&stage.path("identities"));
    let lost = stage.run("both", &file, &["--limit", "100"]).expect_success();
    let signed = operations(&stage.journal());
    snapshot.put_back();
    let ended = stage.run("both", &file, &[]).expect_success();
    assert_eq!((ended.number("events"), ended.number("duplicate")), (log.len(), 0));
    assert!(lost.number("sent") > 20, "{:?}", lost.said);

    let users = stage.house.run(&stage.house.root(), &["user", "list", "--json"]).expect_success().json();
    assert!(users.len() > 20, "{}", users.len());
    for user in &users {
        assert_eq!(evidence(&stage.house, user["id"].as_str().unwrap()), [], "{user}");
    }
    // What was sent before is there, and the same events once more.
    let again = operations(&stage.journal());
    let shared = signed.iter().zip(&again).take_while(|(one, other)| one.bytes() == other.bytes()).count();
    assert!(shared > 0 && shared < signed.len());
    let (before, after) = (signed[shared].link(), again[shared].link());
    assert!(before.lane != after.lane && after.seq == 1, "{before:?} {after:?}");
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
    expect_honest(&operations(&stage.journal()), 4);
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
