//! The outbox: what was signed is sent, those very bytes, whatever happens in between.

use std::{
    fs, process, thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use super::{
    house::{House, Person, Said},
    lanes::lanes,
    swallow::Swallow,
};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command that is killed between the outbox and the acknowledgement.
pub(super) fn kill_between(house: &House, person: &Person, arguments: &[&str]) {
    kill_behind(&Swallow::before(house.ws()), house, person, arguments);
}

fn kill_behind(swallow: &Swallow, house: &House, person: &Person, arguments: &[&str]) {
    let mut command = house.command(person, arguments);
    command.args(["--via", "ws", "--ws", &swallow.address().to_string()]);
    let mut child = command.stdout(process::Stdio::null()).spawn().unwrap();
    swallow.await_batch(PATIENCE);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_sender_sends_the_same_bytes_again_and_never_equivocates() {
    let mut house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "before").expect_success();
    kill_between(&house, &alice, &["message", "send", "--channel", &channel, "lost?"]);
    assert_eq!(house.texts(&alice, &channel), ["before"]);
    let outbox = fs::read(alice.outbox()).unwrap();

    let after = house.say(&alice, &channel, "after").expect_success();
    assert!(after.stderr.contains("sent again: applied"), "{}", after.stderr);
    assert_eq!(house.texts(&alice, &channel), ["before", "lost?", "after"]);
    let accepted = house.accepted(&channel);
    let resent = accepted[1].bytes();
    assert!(outbox.windows(resent.len()).any(|bytes| bytes == resent), "the bytes of the outbox, not others");
    let opened = 1;
    let seqs: Vec<u64> = accepted.iter().map(|operation| operation.link().seq - opened).collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert!(accepted.iter().all(|operation| operation.link().lane == accepted[0].link().lane));
}

#[test]
fn what_arrived_without_its_acknowledgement_is_a_duplicate() {
    let mut house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let elsewhere = Person { state: house.path("elsewhere"), ..alice.clone() };
    let channel = house.run(&elsewhere, &["channel", "open", "tea"]).expect_success().line();
    let swallow = Swallow::acks_before(house.ws());
    kill_behind(&swallow, &house, &alice, &["message", "send", "--channel", &channel, "once"]);

    let again = house.say(&alice, &channel, "twice").expect_success();
    assert!(again.stderr.contains("sent again: duplicate"), "{}", again.stderr);
    assert_eq!(house.texts(&alice, &channel), ["once", "twice"]);
    assert_eq!(lanes(&house.accepted(&channel)).len(), 1);
}

#[test]
fn nothing_new_is_signed_before_the_old_is_answered() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    kill_between(&house, &alice, &["message", "send", "--channel", &channel, "one"]);
    let outbox = fs::read(alice.outbox()).unwrap();
    kill_between(&house, &alice, &["message", "send", "--channel", &channel, "two"]);
    assert_eq!(fs::read(alice.outbox()).unwrap(), outbox);
    house.say(&alice, &channel, "three").expect_success();
    assert_eq!(house.texts(&alice, &channel), ["one", "three"]);
}

#[test]
fn an_operation_for_one_node_is_not_sent_to_another() {
    let (first, second) = (House::new(), House::new());
    let (alice, _) = first.user("alice", "grpc", "channel.add");
    let file = alice.identity.to_str().unwrap();
    second.run(&second.root(), &["user", "create", "--user", file, "--permissions", "channel.add"]).expect_success();
    kill_between(&first, &alice, &["channel", "open", "tea"]);

    let there = second.run(&alice, &["channel", "open", "cake"]).expect_success();
    assert!(!there.stderr.contains("sent again"), "{}", there.stderr);
    let here = first.run(&alice, &["channel", "open", "coffee"]).expect_success();
    assert!(here.stderr.contains("sent again: applied"), "{}", here.stderr);
    assert_eq!(first.run(&alice, &["channel", "list", "--json"]).expect_success().json().len(), 2);
    assert_eq!(second.run(&alice, &["channel", "list", "--json"]).expect_success().json().len(), 1);
}

#[test]
fn what_was_acknowledged_does_not_fill_the_outbox() {
    const TEXT_BYTES: usize = 400 * 1024;
    let mut house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    let texts: Vec<String> = ["a", "b", "c", "d", "e"].iter().map(|letter| letter.repeat(TEXT_BYTES)).collect();
    for (number, text) in texts.iter().enumerate() {
        let alice = Person { via: if number % 2 == 0 { "grpc" } else { "ws" }, ..alice.clone() };
        house.run_with(&alice, &["message", "send", "--channel", &channel, "-"], text).expect_success();
        // The last operation stays as the head of its lane; one before it may still be there.
        assert!(fs::metadata(alice.outbox()).unwrap().len() < 3 * TEXT_BYTES as u64, "{number}");
    }
    assert_eq!(house.texts(&alice, &channel), texts);
    let accepted = house.accepted(&channel);
    let seqs: Vec<u64> = accepted.iter().map(|operation| operation.link().seq).collect();
    assert_eq!(seqs, [2, 3, 4, 5, 6], "the lane goes on");
}

#[test]
fn one_process_at_a_time_signs_as_somebody() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    let lock = fs::File::open(alice.outbox().with_file_name("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut waiting = house.command(&alice, &["message", "send", "--channel", &channel, "patient"]);
    let mut waiting = waiting.stdout(process::Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(500) {
        assert!(waiting.try_wait().unwrap().is_none(), "it waits for the lock");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(house.texts(&alice, &channel), Vec::<String>::new(), "reading needs no lock");
    flock(&lock, FlockOperation::Unlock).unwrap();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(house.texts(&alice, &channel), ["patient"]);
}

#[test]
fn a_state_directory_of_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    let directory = alice.outbox().parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(alice.outbox()).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    house.say(&alice, "tea", "seen?").expect_failure(1, &["mode 0755", "hint: chmod 700"]);
}

#[test]
fn damage_before_whole_records_is_refused_and_cuts_nothing_off() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    kill_between(&house, &alice, &["message", "send", "--channel", &channel, "signed"]);
    let mut outbox = fs::read(alice.outbox()).unwrap();
    outbox[20] ^= 1;
    fs::write(alice.outbox(), &outbox).unwrap();
    house.say(&alice, &channel, "after").expect_failure(1, &["is damaged at byte 0", "whole records follow"]);
    assert_eq!(fs::read(alice.outbox()).unwrap(), outbox);
}

#[test]
fn what_is_acknowledged_without_a_seal_stays_in_the_outbox() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    let liar = Swallow::lying_before(house.ws());
    let mut command = house.command(&alice, &["message", "send", "--channel", &channel, "did it arrive?"]);
    command.args(["--via", "ws", "--ws", &liar.address().to_string()]);
    Said::of(&command.output().unwrap()).expect_failure(1, &["not sealed"]);
    assert_eq!(house.texts(&alice, &channel), Vec::<String>::new());
    let after = house.say(&alice, &channel, "now it does").expect_success();
    assert!(after.stderr.contains("sent again: applied"), "{}", after.stderr);
    assert_eq!(house.texts(&alice, &channel), ["did it arrive?", "now it does"]);
}

#[test]
fn nothing_is_signed_while_the_clock_is_behind_what_was_seen() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    let outbox = fs::read(alice.outbox()).unwrap();
    let seen = alice.outbox().parent().unwrap().with_file_name("seen");
    let latest = u64::from_str_radix(fs::read_to_string(&seen).unwrap().trim(), 16).unwrap();
    // As it is when the clock was an hour ahead once.
    let ahead = dmpc::Hlc::tick(dmpc::Hlc::ZERO, dmpc::Hlc::from_bits(latest).millis() + 3_600_000).unwrap();
    fs::write(&seen, format!("{:016x}\n", ahead.bits())).unwrap();
    let words = ["clock of this machine is 3", "behind", "hint: set it right", "remove", seen.to_str().unwrap()];
    house.say(&alice, &channel, "from the past").expect_failure(1, &words);
    assert_eq!(fs::read(alice.outbox()).unwrap(), outbox);
    fs::remove_file(&seen).unwrap();
    let said = house.say(&alice, &channel, "on time").expect_success();
    assert_eq!(said.stderr, "");
    assert_eq!(house.texts(&alice, &channel), ["on time"]);
}
