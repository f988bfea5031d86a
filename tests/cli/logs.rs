//! Logs as files: exported beside a running node, verified without one, loaded into another, and searched for evidence.

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use dmpc::{LaneId, OpId, Permissions, VerifiedOperation, operation::Link};
use dmpc_storage::{
    Genesis,
    log_file::{Header, LogFileWriter, Scope},
};
use serde_json::Value;

use super::house::{House, Person, Said, program};
use crate::support::{
    folder::private_folder,
    operations::{Cast, at},
    server::write_identity,
    world::genesis,
};

/// A house with a conversation of alice and bob: eleven operations.
fn told() -> (House, String) {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, id) = house.user("bob", "ws", "none");
    let channel = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{id}:rw")]);
    let channel = channel.expect_success().line();
    for number in 1..=4 {
        house.say(&alice, &channel, &format!("cup {number}")).expect_success();
        house.say(&bob, &channel, &format!("saucer {number}")).expect_success();
    }
    (house, channel)
}

/// A command that needs neither identity nor node.
fn alone(arguments: &[&str]) -> Said {
    Said::of(&program("dmpc-cli").env_clear().args(arguments).stdin(Stdio::null()).output().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The log of a house's node as a file, and what was said about it.
fn export(house: &House, name: &str, more: &[&str]) -> (String, Value) {
    let (data, file) = (house.path("node"), text(&house.path(name)).to_owned());
    let said = alone(&[&["log", "export", "--json", "--data", text(&data), &file], more].concat());
    (file, said.expect_success().json().remove(0))
}

fn verify(file: &str) -> Value {
    alone(&["log", "verify", "--json", file]).expect_success().json().remove(0)
}

fn replay(house: &House) -> Value {
    alone(&["replay", "--json", "--verify", "--data", text(&house.path("node"))]).expect_success().json().remove(0)
}

fn load(house: &House, file: &str, via: &str) -> Value {
    let load = ["--grpc", house.grpc(), "--ws", house.ws(), "--via", via, "log", "load", "--json", file];
    alone(&load).expect_success().json().remove(0)
}

#[test]
fn an_export_beside_a_running_node_is_whole_and_has_the_nodes_log_digest() {
    let (mut house, _) = told();
    let (file, said) = export(&house, "all.log", &[]);
    let audit = replay(&house);
    assert_eq!((&said["operations"], &said["scope"]), (&11.into(), &"whole".into()));
    assert_eq!(said["log_digest"], audit["log_digest"]);
    let found = verify(&file);
    assert_eq!((&found["whole"], &found["operations"]), (&true.into(), &11.into()));
    assert_eq!((&found["log_digest"], &found["node"]), (&audit["log_digest"], &house.node().into()));
    let people = alone(&["log", "verify", &file]).expect_success().stdout;
    assert!(people.contains("operations  11") && people.contains("flaws       none"), "{people}");
    house.stop();
    let data = house.path("node");
    let stdout = program("dmpc-cli").args(["log", "export", "--data", text(&data), "-"]).output().unwrap();
    assert_eq!(stdout.stdout, fs::read(&file).unwrap(), "the same bytes on stdout, of the stopped node");
    let again = alone(&["log", "export", "--data", text(&data), &file]);
    again.expect_failure(2, &["exists", "--force"]);
    alone(&["log", "export", "--force", "--data", text(&data), &file]).expect_success();
    alone(&["log", "export", "--data", text(&house.path("nowhere")), &file, "--force"])
        .expect_failure(1, &["there is no store"]);
    assert_eq!(verify(&file), found, "a failed export leaves what was there");
    let left = fs::read_dir(data.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_str().unwrap().starts_with(".dmpc-log")));
}

#[test]
fn filters_make_a_part_of_the_log() {
    let (house, channel) = told();
    let all = verify(&export(&house, "all.log", &[]).0);
    let count = |name, more: &[&str]| {
        let (file, said) = export(&house, name, more);
        let found = verify(&file);
        assert_eq!((&found["scope"], &found["operations"]), (&"part".into(), &said["operations"]));
        found["operations"].as_u64().unwrap()
    };
    assert_eq!(count("channel.log", &["--channel", &channel]), 9);
    let bob = fs::read_to_string(house.path("bob.identity")).unwrap();
    let bob = bob.lines().find_map(|line| line.strip_prefix("user: ")).unwrap();
    // What creates bob, and what bob says.
    assert_eq!(count("bob.log", &["--user", bob]), 5);
    assert_eq!(count("both.log", &["--user", bob, "--channel", &channel]), 4);
    let (first, last) = (all["first"].as_str().unwrap(), all["last"].as_str().unwrap());
    assert_eq!(count("from.log", &["--from", first]), 11);
    assert_eq!(count("until.log", &["--until", last]), 11);
    assert_eq!(count("day.log", &["--from", "2020-01-31T00:00:00Z", "--until", "2021-01-31T12:00:00Z"]), 0);
    let (one, other) = (count("one.log", &["--until", first]), count("other.log", &["--from", last]));
    assert!((1..11).contains(&one) && (1..11).contains(&other), "{one}, {other}");
    let wrong = alone(&["log", "export", "--data", "data", "x", "--from", "yesterday"]);
    wrong.expect_failure(2, &["yesterday", "2026-01-31"]);
}

#[test]
fn a_log_loads_into_a_node_with_the_same_root_through_either_front_end_and_again_as_duplicates() {
    let (house, channel) = told();
    let (file, _) = export(&house, "all.log", &[]);
    let (digest, texts) = (replay(&house)["digest"].clone(), house.texts(&house.person("bob", "ws"), &channel));
    assert_eq!(texts.len(), 8);
    for via in ["grpc", "ws", "both"] {
        let other = House::with_root(&house.path("root.identity"));
        let first = load(&other, &file, via);
        assert_eq!((&first["applied"], &first["refused"]), (&11.into(), &serde_json::json!({})), "{first}");
        assert_eq!(first["node_log_digest"], first["log_digest"]);
        let again = load(&other, &file, via);
        assert_eq!((&again["applied"], &again["duplicate"]), (&0.into(), &11.into()), "{again}");
        assert_eq!(replay(&other)["digest"], digest);
        let bob = Person { state: other.path("bob.state"), ..house.person("bob", "grpc") };
        assert_eq!(other.texts(&bob, &channel), texts);
    }
    let other = House::with_root(&house.path("root.identity"));
    let mut command = other.command(&other.root(), &["log", "load", "-"]);
    command.stdin(fs::File::open(&file).unwrap());
    let piped = Said::of(&command.output().unwrap()).expect_success().stdout;
    assert!(piped.contains("applied     11") && piped.contains("these operations and no others"), "{piped}");
}

#[test]
fn a_node_with_another_root_keeps_what_it_cannot_judge_yet_aside() {
    let (house, _) = told();
    let (file, _) = export(&house, "all.log", &[]);
    let stranger = House::new();
    let said = load(&stranger, &file, "grpc");
    assert_eq!((&said["pending"], &said["applied"], &said["node_operations"]), (&11.into(), &0.into(), &0.into()));
}

/// A signed conversation of so many messages, with the keys of the cast.
fn long(cast: &mut Cast, messages: u64) -> Vec<VerifiedOperation> {
    let mut operations = vec![cast.create("root", "alice", Permissions::ALL, "alice", at(1))];
    let (open, room) = cast.open("alice", "tea", &[], at(2));
    operations.push(open);
    operations.extend((0..messages).map(|time| cast.message("alice", &room, "a cup", at(3 + time))));
    operations
}

/// A file with these operations, and a house whose root is the cast's.
fn file_of(folder: &Path, genesis: Genesis, operations: &[VerifiedOperation]) -> String {
    let mut sorted: Vec<_> = operations.iter().collect();
    sorted.sort_unstable_by_key(|operation| operation.key());
    let path = folder.join("all.log");
    let file = fs::File::create(&path).unwrap();
    let mut writer = LogFileWriter::new(file, &Header { scope: Scope::Whole, genesis }).unwrap();
    sorted.iter().for_each(|operation| writer.push(operation.key(), operation.bytes()).unwrap());
    writer.finish().unwrap();
    text(&path).to_owned()
}

#[test]
fn a_load_that_was_killed_is_run_again_and_completes() {
    let folder = private_folder();
    let mut cast = Cast::new(3);
    let operations = long(&mut cast, 6_000);
    let file = file_of(folder.path(), genesis(&cast), &operations);
    let root = folder.path().join("root.identity");
    write_identity(&cast, "root", &root);
    let house = House::with_root(&root);
    let load_it = ["--grpc", house.grpc(), "log", "load", &file];
    let mut loading = program("dmpc-cli").env_clear().args(load_it).stdout(Stdio::null()).spawn().unwrap();
    let data = house.path("node");
    let logged = || {
        let said = alone(&["replay", "--json", "--data", text(&data)]);
        said.json().pop().map_or(0, |report| report["operations"].as_u64().unwrap())
    };
    while logged() == 0 && loading.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    loading.kill().unwrap();
    loading.wait().unwrap();
    let said = load(&house, &file, "ws");
    let count = |name: &str| said[name].as_u64().unwrap();
    assert!(count("duplicate") > 0, "{said}");
    assert_eq!(count("applied") + count("duplicate"), 6_002, "{said}");
    assert_eq!(said["node_log_digest"], said["log_digest"]);
    assert_eq!(replay(&house)["agrees"], true);
}

#[test]
fn nothing_is_sent_of_a_file_that_is_damaged_and_the_place_is_named() {
    let (house, _) = told();
    let (file, _) = export(&house, "all.log", &[]);
    let whole = fs::read(&file).unwrap();
    let other = House::with_root(&house.path("root.identity"));
    let damaged = text(&house.path("damaged.log")).to_owned();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let cases = [
        (whole[..whole.len() - 1].to_vec(), "the file ends before its trailer"),
        (whole[..whole.len() / 2].to_vec(), "the file ends before its trailer"),
        (flipped, "at byte"),
        (b"something else entirely".to_vec(), "does not begin with 'dmpc log'"),
    ];
    for (bytes, words) in cases {
        fs::write(&damaged, bytes).unwrap();
        let load = ["--grpc", other.grpc(), "log", "load", &damaged];
        alone(&load).expect_failure(3, &[words]);
        let said = alone(&["log", "verify", &damaged]);
        said.stderr_has(3, words);
    }
    assert_eq!(replay(&other)["operations"], 0);
    let offline = alone(&["--grpc", "127.0.0.1:1", "log", "load", &file]);
    offline.expect_failure(4, &["no node answers"]);
    alone(&["log", "verify", text(&house.path("nowhere"))]).expect_failure(1, &["nowhere"]);
}

#[test]
fn verify_names_the_first_flaw_and_counts_all() {
    let folder = private_folder();
    let mut cast = Cast::new(4);
    let operations = long(&mut cast, 40);
    let path = folder.path().join("forged.log");
    let header = Header { scope: Scope::Whole, genesis: genesis(&cast) };
    let mut writer = LogFileWriter::new(fs::File::create(&path).unwrap(), &header).unwrap();
    for (number, operation) in operations.iter().enumerate() {
        let mut bytes = operation.bytes().to_vec();
        if number == 5 || number == 9 {
            // The signature stands last.
            *bytes.last_mut().unwrap() ^= 1;
        }
        writer.push(operation.key(), &bytes).unwrap();
    }
    writer.finish().unwrap();
    let said = alone(&["log", "verify", "--json", text(&path)]);
    said.stderr_has(3, &format!("operation 6 {}: a signature does not verify", operations[5].id()));
    let found = said.json().remove(0);
    assert_eq!((&found["whole"], &found["flaws"]), (&false.into(), &serde_json::json!({"bad_signature": 2})));
    let flaw = &found["flaw"];
    assert_eq!((&flaw["number"], &flaw["operation"]), (&6.into(), &operations[5].id().to_string().into()));
    assert!(flaw["offset"].as_u64().unwrap() > 0);
}

/// What a command says of the directory of a node, of its exported log, and of neither.
fn both(house: &House, file: &str, command: &[&str]) -> Vec<Value> {
    let data = house.path("node");
    let of = |source: &[&str]| alone(&[command, source, &["--json"]].concat()).expect_success().json();
    let said = of(&["--data", text(&data)]);
    assert_eq!(said, of(&[file]), "the directory and the exported log say the same");
    alone(command).expect_failure(2, &[]);
    said
}

#[test]
fn gaps_and_equivocations_are_listed_from_a_directory_and_from_an_exported_log() {
    let folder = private_folder();
    let mut cast = Cast::new(5);
    let mut operations = vec![cast.create("root", "alice", Permissions::ALL, "alice", at(1))];
    let lane = LaneId::from_bytes([7; 16]);
    let name = |name: &str| [dmpc::kinds::FieldWrite::DisplayName(name.to_owned())];
    let mut put = |seq, prev, text: &str, time| {
        cast.set_next_link("alice", None, Link { lane, seq, prev });
        operations.push(cast.update("alice", "alice", &name(text), at(time)));
        operations.last().unwrap().id()
    };
    let first = put(1, OpId::from_bytes([0; 32]), "one", 10);
    put(1, OpId::from_bytes([0; 32]), "other", 11);
    let second = put(2, first, "two", 12);
    put(3, second, "earlier", 5);
    put(9, second, "far", 20);
    let file = file_of(folder.path(), genesis(&cast), &operations);
    let root = folder.path().join("root.identity");
    write_identity(&cast, "root", &root);
    let house = House::with_root(&root);
    load(&house, &file, "grpc");
    let gaps = both(&house, &file, &["log", "gaps"]);
    let kinds: Vec<_> =
        gaps.iter().map(|gap| (gap["kind"].as_str().unwrap(), gap["first"].as_u64().unwrap())).collect();
    assert_eq!(kinds, [("time", 3), ("gap", 4)]);
    assert_eq!((&gaps[1]["last"], &gaps[1]["user"]), (&8.into(), &cast.user("alice").to_string().into()));
    let forks = both(&house, &file, &["log", "equivocations"]);
    assert_eq!((forks.len(), &forks[0]["seq"]), (1, &1.into()));
    let people = alone(&["log", "gaps", &file]).expect_success().stdout;
    assert!(people.contains("2 found") && people.contains("5 missing"), "{people}");
    let nobody = alone(&["log", "gaps", "--json", &file, "--user", &cast.user("bob").to_string()]);
    assert_eq!(nobody.expect_success().stdout, "");
    let proofs = folder.path().join("proofs");
    let exported = alone(&["log", "equivocations", &file, "--export", text(&proofs)]).expect_success().stdout;
    let proof = fs::read_dir(&proofs).unwrap().next().unwrap().unwrap().path();
    assert!(exported.contains("1 equivocations") && exported.contains(text(&proof)), "{exported}");
    alone(&["evidence", "verify", text(&proof)]).expect_success();
}
