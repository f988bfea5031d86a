//! The audit: `replay` agrees with an honest node, also while it runs, and names what a tamperer changed.

mod answers;
mod corruption;
mod families;
mod places;

use std::fs;

use dmpc::{OpKey, SignedOperation};
use rocksdb::{DB, IteratorMode, Options};
use serde_json::Value;

use super::house::{House, Said, program};

/// A house with a conversation: six messages of alice.
fn told() -> (House, String) {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    for number in 1..=6 {
        house.say(&alice, &channel, &format!("cup {number}")).expect_success();
    }
    (house, channel)
}

fn replay(house: &House, more: &[&str]) -> Said {
    let mut command = program("dmpc-cli");
    Said::of(&command.args(["replay", "--data"]).arg(house.path("node")).args(more).output().unwrap())
}

/// What was reported, but for what differs from run to run.
fn report(said: &Said) -> Value {
    let mut report = said.json().pop().unwrap();
    let fields = report.as_object_mut().unwrap();
    assert!(fields.remove("seconds").is_some() && fields.remove("operations_per_second").is_some());
    report
}

/// Opens the database of a stopped node as a tamperer would.
fn tamper(house: &mut House, change: impl FnOnce(&DB, Vec<(OpKey, Vec<u8>)>)) {
    house.stop();
    let path = house.path("node/store/db");
    let families = DB::list_cf(&Options::default(), &path).unwrap();
    let db = DB::open_cf(&Options::default(), &path, families).unwrap();
    let log = db.iterator_cf(db.cf_handle("log").unwrap(), IteratorMode::Start);
    let log = log.map(|entry| entry.unwrap()).map(|(key, value)| (OpKey::from_slice(&key).unwrap(), value.to_vec()));
    let log = log.collect();
    change(&db, log);
}

/// That an audit fails, exits with 3 and names this operation.
fn expect_fault(house: &House, more: &[&str], at: &OpKey, words: &str) {
    let said = replay(house, &[more, &["--json"]].concat());
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(report(&said)["agrees"], false);
    assert!(said.stderr.contains(&at.id.to_string()), "{at:?} is not named: {}", said.stderr);
    assert!(said.stderr.contains(words), "'{words}' is not in: {}", said.stderr);
}

#[test]
fn an_honest_node_agrees_while_it_runs_and_after_a_kill() {
    let (mut house, _) = told();
    let running = replay(&house, &["--json", "--verify"]).expect_success();
    let running = report(&running);
    assert_eq!((&running["operations"], &running["applied"]), (&8.into(), &8.into()));
    assert_eq!((&running["pending"], &running["rejected"]), (&0.into(), &0.into()));
    assert_eq!((&running["agrees"], &running["digest"]), (&true.into(), &running["stored_digest"]));
    house.stop();
    assert_eq!(report(&replay(&house, &["--json", "--verify"]).expect_success()), running);
    let text = replay(&house, &[]).expect_success().stdout;
    assert!(text.contains("channel.message") && text.contains("agrees        yes"), "{text}");
}

#[test]
fn a_forged_signature_is_named_by_verify_and_by_signatures() {
    let (mut house, _) = told();
    let mut at = OpKey::MIN;
    tamper(&mut house, |db, log| {
        let (key, bytes) = &log[4];
        at = *key;
        let forged = (0..bytes.len()).find_map(|byte| {
            let mut forged = bytes.clone();
            forged[byte] ^= 1;
            // Signatures are in no id: the key stays, and only they can tell.
            SignedOperation::decode(forged.clone().into()).ok().filter(|op| op.key() == *key).map(|_| forged)
        });
        db.put_cf(db.cf_handle("log").unwrap(), key.to_bytes(), forged.unwrap()).unwrap();
    });
    replay(&house, &[]).expect_success();
    for option in ["--verify", "--signatures"] {
        expect_fault(&house, &[option], &at, "a signature does not verify");
    }
}

#[test]
fn a_changed_operation_is_named() {
    let (mut house, _) = told();
    let mut at = OpKey::MIN;
    tamper(&mut house, |db, log| {
        let (key, mut bytes) = log[5].clone();
        at = key;
        bytes.push(0);
        db.put_cf(db.cf_handle("log").unwrap(), key.to_bytes(), bytes).unwrap();
    });
    expect_fault(&house, &[], &at, "the log holds no operation");
}

#[test]
fn an_operation_put_in_the_place_of_another_is_named() {
    let (mut house, _) = told();
    let mut at = OpKey::MIN;
    tamper(&mut house, |db, log| {
        at = log[6].0;
        db.put_cf(db.cf_handle("log").unwrap(), at.to_bytes(), &log[5].1).unwrap();
    });
    expect_fault(&house, &[], &at, "the operation's own key");
}

#[test]
fn a_removed_operation_is_noticed() {
    let (mut house, _) = told();
    let mut at = OpKey::MIN;
    tamper(&mut house, |db, log| {
        at = log[5].0;
        db.delete_cf(db.cf_handle("log").unwrap(), at.to_bytes()).unwrap();
    });
    let said = replay(&house, &["--json"]);
    assert_eq!((said.code, &report(&said)["agrees"]), (3, &false.into()), "{said:?}");
    let removed = format!("{} at ", at.id);
    assert!(said.stderr.contains(&removed) && said.stderr.contains("is not in the log"), "{}", said.stderr);
    let faults = report(&said)["faults"].as_array().unwrap().clone();
    assert!(faults.iter().any(|fault| fault["detail"] == "the log holds 7 operations, 8 arrived"), "{faults:?}");
}

#[test]
fn an_edited_verdict_is_named() {
    let (mut house, _) = told();
    let mut at = OpKey::MIN;
    tamper(&mut house, |db, log| {
        at = log[5].0;
        let messages = db.cf_handle("messages").unwrap();
        let (key, mut record) = db
            .iterator_cf(messages, IteratorMode::Start)
            .map(|entry| entry.unwrap())
            .map(|(key, value)| (key, value.to_vec()))
            .find(|(key, _)| key.ends_with(&at.to_bytes()))
            .unwrap();
        record[0] = 39;
        db.put_cf(messages, key, record).unwrap();
    });
    expect_fault(&house, &[], &at, "the verdict is applied, the node kept rejected(right_missing)");
}

#[test]
fn a_checkpoint_is_compared_with_what_had_arrived_when_it_was_taken() {
    let (house, channel) = told();
    let file = house.path("checkpoint");
    let path = file.to_str().unwrap();
    replay(&house, &["--take-checkpoint", path]).expect_success();
    let alice = house.person("alice", "grpc");
    house.say(&alice, &channel, "later").expect_success();
    replay(&house, &["--checkpoint", path]).expect_success();
    let taken = fs::read_to_string(&file).unwrap();
    let state = taken.lines().find(|line| line.starts_with("state ")).unwrap();
    fs::write(&file, taken.replace(state, &format!("state {}", "0".repeat(64)))).unwrap();
    let said = replay(&house, &["--checkpoint", path]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.contains("the state digest of 8 operations is not that of the checkpoint"), "{}", said.stderr);
    let again = replay(&house, &["--take-checkpoint", path]);
    assert_eq!(again.code, 1, "an existing file is not overwritten: {again:?}");
    fs::write(&file, "something else").unwrap();
    replay(&house, &["--checkpoint", path]).expect_failure(2, &["line 1", "dmpc checkpoint 1"]);
}

#[test]
fn a_rebuilt_node_has_the_digests_of_before() {
    let (mut house, _) = told();
    let before = report(&replay(&house, &["--json", "--channels"]).expect_success());
    assert_eq!(before["channels"].as_array().unwrap().len(), 1);
    let busy = program("dmpc-node").args(["rebuild", "--data"]).arg(house.path("node")).output().unwrap();
    assert_eq!(busy.status.code(), Some(4), "the node is running: {}", String::from_utf8_lossy(&busy.stderr));
    house.stop();
    let rebuilt = program("dmpc-node").args(["rebuild", "--data"]).arg(house.path("node")).output().unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    house.start();
    assert_eq!(report(&replay(&house, &["--json", "--channels"]).expect_success()), before);
}
