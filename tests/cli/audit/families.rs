//! Every family that the node derives is compared with what follows from the log: an entry that is changed, taken away or put
//! in is found, and named with its family.

use std::path::{Path, PathBuf};

use dmpc::OpKey;
use dmpc_storage::{Genesis, Root, Store};
use rocksdb::{DB, IteratorMode, Options};

use super::{replay, report, told};
use crate::{
    cli::house::{House, Said, program},
    support::store::open,
};

/// Families that are derived, or that an operation does not stand in; each holds something after the conversation.
const FAMILIES: [&str; 15] = [
    "arrival", "by_user", "wraps", "lanes", "users", "keys", "channels", "members", "messages", "controls", "ranks",
    "feed", "charges", "ids", "meta",
];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        // A node that was killed leaves its socket.
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A stopped house with a conversation in which something was rejected: somebody who may not open a channel opened one.
fn stopped() -> House {
    let (mut house, channel) = told();
    let (bob, id) = house.user("bob", "grpc", "none");
    let alice = house.person("alice", "grpc");
    house.run(&alice, &["channel", "members", "add", &channel, &format!("{id}:read")]).expect_success();
    house.run(&bob, &["channel", "open", "den"]).expect_failure(1, &["permission_missing"]);
    house.stop();
    house
}

fn audit(data: &Path) -> Said {
    audit_with("--verify", data)
}

fn audit_with(option: &str, data: &Path) -> Said {
    let mut command = program("dmpc-cli");
    Said::of(&command.args(["replay", option, "--json", "--data"]).arg(data).output().unwrap())
}

fn database(store: &Path) -> DB {
    let path = store.join("db");
    let families = DB::list_cf(&Options::default(), &path).unwrap();
    DB::open_cf(&Options::default(), &path, families).unwrap()
}

/// What a tamperer does to an entry.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Remove,
    Insert,
    Change,
}

fn edit(store: &Path, family: &str, edit: Edit) {
    let db = database(store);
    let handle = db.cf_handle(family).unwrap();
    let entries: Vec<_> = db.iterator_cf(handle, IteratorMode::Start).map(Result::unwrap).collect();
    // The head of `meta` is what an audit compares; the generations of its history are random.
    let wanted = |key: &[u8]| family != "meta" || key == b"head";
    let (key, value) = entries.iter().rfind(|(key, _)| wanted(key)).unwrap();
    match edit {
        Edit::Remove => db.delete_cf(handle, key).unwrap(),
        Edit::Insert => {
            let mut key = key.to_vec();
            key[0] ^= 0x40;
            db.put_cf(handle, key, value).unwrap();
        }
        Edit::Change => {
            let mut value = value.to_vec();
            match value.last_mut() {
                Some(last) => *last ^= 1,
                None => value.push(7),
            }
            db.put_cf(handle, key, value).unwrap();
        }
    }
}

#[test]
fn signatures_alone_compare_verdicts_and_no_other_family() {
    let house = stopped();
    let agrees = |option, data: &Path| report(&audit_with(option, data))["agrees"].as_bool().unwrap();
    for (family, is_seen) in [("messages", true), ("by_user", false)] {
        let data = house.path(family);
        copy(&house.path("node/store"), &data);
        edit(&data, family, Edit::Remove);
        assert_eq!(agrees("--signatures", &data), !is_seen, "{family}");
        assert!(!agrees("--verify", &data), "{family}");
    }
    assert_eq!(report(&audit_with("--signatures", &house.path("node/store")))["signatures_verified"], true);
}

#[test]
fn an_edited_entry_of_every_family_is_found_and_named() {
    let house = stopped();
    assert_eq!(report(&audit(&house.path("node")))["agrees"], true);
    for family in FAMILIES {
        for how in [Edit::Remove, Edit::Insert, Edit::Change] {
            let data = house.path(&format!("{family}-{how:?}"));
            copy(&house.path("node/store"), &data);
            edit(&data, family, how);
            let said = audit(&data);
            assert_eq!(said.code, 3, "{family} {how:?}: {said:?}");
            assert!(!said.stderr.contains("panicked"), "{said:?}");
            if said.stdout.is_empty() {
                // Without a head or an order of arrival there is nothing to compare with.
                assert!(said.stderr.contains(family), "{family} {how:?}: {said:?}");
                continue;
            }
            let faults = report(&said)["faults"].as_array().unwrap().clone();
            // Which of a record and an arrival is wrong, when they do not fit together, nobody can tell.
            let is_record = matches!(family, "messages" | "controls");
            let is_named = |fault: &serde_json::Value| {
                fault["family"] == *family
                    || (family == "meta" && fault["what"] == "digest")
                    || (is_record && (fault["what"] == "verdict" || fault["family"] == "arrival"))
            };
            assert!(faults.iter().any(is_named), "{family} {how:?}: {faults:?}");
        }
    }
}

#[test]
fn an_edited_digest_is_found_beside_what_the_log_gives() {
    let house = stopped();
    let db = database(&house.path("node/store"));
    let meta = db.cf_handle("meta").unwrap();
    let mut head = db.get_cf(meta, "head").unwrap().unwrap();
    let length = head.len();
    // The state of the state digest, before that of the log digest.
    head[length - 3_000] ^= 1;
    db.put_cf(meta, "head", head).unwrap();
    drop(db);
    let said = replay(&house, &["--json"]);
    assert_eq!((said.code, &report(&said)["agrees"]), (3, &false.into()), "{said:?}");
    assert!(said.stderr.contains("the state digest is") && said.stderr.contains("the node kept"), "{}", said.stderr);
}

/// The operations of a store, in the order of arrival.
fn arrived(store: &Path) -> Vec<dmpc::VerifiedOperation> {
    let db = database(store);
    let (arrival, log) = (db.cf_handle("arrival").unwrap(), db.cf_handle("log").unwrap());
    let keys = db.iterator_cf(arrival, IteratorMode::Start).map(|entry| OpKey::from_slice(&entry.unwrap().1).unwrap());
    let bytes = keys.map(|key| db.get_cf(log, key.to_bytes()).unwrap().unwrap());
    bytes.map(|bytes| dmpc::VerifiedOperation::from_log(bytes.into()).unwrap()).collect()
}

#[test]
fn a_store_that_was_made_anew_without_an_operation_agrees_with_itself_and_not_with_a_checkpoint() {
    let house = stopped();
    let store = house.path("node/store");
    let checkpoint = house.path("checkpoint");
    let path = checkpoint.to_str().unwrap();
    replay(&house, &["--verify", "--take-checkpoint", path]).expect_success();
    let mut operations = arrived(&store);
    let root = dmpc::Identity::from_text(&std::fs::read_to_string(house.path("root.identity")).unwrap()).unwrap();
    let node = house.node().parse().unwrap();
    operations.remove(5);
    std::fs::rename(&store, house.path("before")).unwrap();
    Store::init(&store, &Genesis { node, roots: vec![Root::from(&root.public().unwrap())] }).unwrap();
    let (mut writer, _reader) = open(&store);
    for operation in operations {
        let submission = dmpc_storage::Submission { operation, source: dmpc_storage::Source([0; 16]) };
        writer.commit(&[submission], u64::MAX >> 16).unwrap();
    }
    writer.close().unwrap();
    let said = replay(&house, &["--verify", "--json"]).expect_success();
    assert_eq!(report(&said)["agrees"], true, "digests, families and HEAD were made to agree");
    let said = replay(&house, &["--verify", "--checkpoint", path]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stderr.contains("is not that of the checkpoint"), "{}", said.stderr);
}

/// Where the database of a path's store is, to be opened by hand.
pub(super) fn store_of(house: &House) -> PathBuf {
    house.path("node/store")
}

pub(super) fn open_database(store: &Path) -> DB {
    database(store)
}

pub(super) fn copy_directory(from: &Path, to: &Path) {
    copy(from, to);
}
