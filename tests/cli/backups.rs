//! Backups: made while a node is written to, verified, put back, and damaged.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::Value;

use super::house::{House, Person, Said, program};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A command that needs neither identity nor node.
fn alone(arguments: &[&str]) -> Said {
    Said::of(&program("dmpc-cli").env_clear().args(arguments).stdin(Stdio::null()).output().unwrap())
}

fn json(said: Said) -> Value {
    said.expect_success().json().remove(0)
}

/// A house with a channel of alice and one message in it.
fn told() -> (House, Person, String) {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "one").expect_success();
    (house, alice, channel)
}

fn create(house: &House, name: &str, more: &[&str]) -> (PathBuf, Value) {
    let (data, to) = (house.path("node"), house.path(name));
    let said = alone(&[&["backup", "create", "--json", "--data", text(&data), text(&to)], more].concat());
    (to, json(said))
}

fn replay(data: &Path) -> Value {
    json(alone(&["replay", "--json", "--verify", "--data", text(data)]))
}

#[test]
fn a_backup_of_a_node_under_load_is_a_moment_of_it_and_the_restored_node_goes_on_from_there() {
    let (mut house, alice, channel) = told();
    let done = AtomicBool::new(false);
    let (backup, made) = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) || number < 5 {
                house.say(&alice, &channel, &format!("cup {number}")).expect_success();
                number += 1;
            }
        });
        while replay(&house.path("node"))["operations"].as_u64().unwrap() < 5 {}
        let made = create(&house, "backup", &[]);
        done.store(true, Ordering::Relaxed);
        writing.join().unwrap();
        made
    });
    assert!(made["operations"].as_u64().unwrap() >= 5, "{made}");
    house.say(&alice, &channel, "after the backup").expect_success();
    let whole = replay(&house.path("node"));
    let verified = json(alone(&["backup", "verify", "--json", "--signatures", text(&backup)]));
    assert_eq!(verified["state_digest"], made["state_digest"]);
    // Replay reads a backup as it reads a node's directory.
    let audit = replay(&backup);
    assert_eq!((&audit["digest"], &audit["operations"]), (&made["state_digest"], &made["operations"]));
    assert!(!house.path("node/checkpoint").exists(), "the checkpoint is gone when the backup is made");
    // Everything that the original acknowledged after it is counted, and everything else is there.
    house.stop();
    let (data, old) = (house.path("node"), house.path("broken"));
    fs::rename(&data, &old).unwrap();
    let restore = ["backup", "restore", "--json", text(&backup), text(&data), "--instead-of", text(&old)];
    let restored = json(alone(&restore));
    let lost = whole["operations"].as_u64().unwrap() - made["operations"].as_u64().unwrap();
    assert_eq!(restored["lost"], lost);
    assert!(lost >= 1);
    assert_eq!(replay(&data)["digest"], made["state_digest"]);
    house.start();
    // Operations that are not in it are taken again: alice's log of the original fills the gap.
    let log = house.path("all.log");
    alone(&["log", "export", "--data", text(&old), text(&log)]).expect_success();
    house.run(&alice, &["log", "load", text(&log)]).expect_success();
    assert_eq!(replay(&data)["digest"], whole["digest"]);
    house.say(&alice, &channel, "and on").expect_success();
    for directory in [&backup, &data] {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(directory), mode(&directory.join("node.identity"))), (0o700, 0o600));
    }
}

#[test]
fn a_backup_of_a_stopped_node_is_the_same_and_a_node_that_is_killed_loses_nothing_in_it() {
    let (mut house, ..) = told();
    let (_, running) = create(&house, "running", &[]);
    // SIGKILL: what is in the write-ahead log alone is in the backup.
    house.stop();
    let (stopped, said) = create(&house, "stopped", &[]);
    assert_eq!((&said["operations"], &said["state_digest"]), (&running["operations"], &running["state_digest"]));
    json(alone(&["backup", "verify", "--json", text(&stopped)]));
    house.start();
}

#[test]
fn nothing_is_overwritten_and_a_wrong_place_is_one_clear_line() {
    let (house, ..) = told();
    let (backup, _) = create(&house, "backup", &[]);
    let data = house.path("node");
    alone(&["backup", "create", "--data", text(&data), text(&backup)]).expect_failure(1, &["exists"]);
    let before = replay(&data);
    alone(&["backup", "restore", text(&backup), text(&data)]).expect_failure(1, &["exists"]);
    let after = replay(&data);
    assert_eq!((&after["digest"], &after["operations"]), (&before["digest"], &before["operations"]));
    let (nowhere, new) = (house.path("nowhere"), house.path("new"));
    alone(&["backup", "create", "--data", text(&nowhere), text(&new)]).expect_failure(1, &["there is no store"]);
    alone(&["backup", "verify", text(&nowhere)]).expect_failure(3, &["it has no manifest"]);
    alone(&["backup", "restore", text(&nowhere), text(&new)]).expect_failure(3, &["it has no manifest"]);
    assert!(!new.exists() && !house.path("new.unfinished").exists());
}

#[test]
fn a_backup_without_the_nodes_keys_needs_them_and_takes_no_others() {
    let (mut house, alice, channel) = told();
    let (backup, _) = create(&house, "backup", &["--without-identity"]);
    assert!(!backup.join("node.identity").exists());
    let new = house.path("new");
    alone(&["backup", "restore", text(&backup), text(&new)]).expect_failure(1, &["name its file"]);
    let other = [text(&backup), text(&new), "--node-identity", text(&alice.identity)];
    alone(&[&["backup", "restore"], other.as_slice()].concat()).expect_failure(1, &["the identity is of"]);
    assert!(!new.exists());
    let own = house.path("node/node.identity");
    alone(&["backup", "restore", text(&backup), text(&new), "--node-identity", text(&own)]).expect_success();
    house.stop();
    fs::rename(house.path("node"), house.path("old")).unwrap();
    fs::rename(&new, house.path("node")).unwrap();
    house.start();
    house.say(&alice, &channel, "two").expect_success();
}

#[test]
fn every_file_of_a_backup_that_is_changed_missing_or_too_much_is_named_and_nothing_is_restored() {
    let (house, ..) = told();
    let (backup, _) = create(&house, "backup", &[]);
    let manifest = fs::read_to_string(backup.join("manifest")).unwrap();
    let files: Vec<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("file ")?.splitn(3, ' ').nth(2)).collect();
    assert!(files.len() >= 6, "{manifest}");
    let new = house.path("new");
    let expect = |words: &str| {
        for command in [vec!["backup", "verify", text(&backup)], vec!["backup", "restore", text(&backup), text(&new)]] {
            alone(&command).expect_failure(3, &[words]);
        }
        assert!(!new.exists() && !house.path("new.unfinished").exists());
    };
    for file in files {
        let path = backup.join(file);
        let bytes = fs::read(&path).unwrap();
        if let Some(last) = bytes.len().checked_sub(1) {
            let mut changed = bytes.clone();
            changed[last / 2] ^= 1;
            fs::write(&path, &changed).unwrap();
            expect(&format!("{file} is not what was written: its hash"));
            fs::write(&path, &bytes[..last]).unwrap();
            expect(&format!("{file} is not what was written: its size"));
        }
        fs::remove_file(&path).unwrap();
        expect(&format!("{file} is missing"));
        fs::write(&path, &bytes).unwrap();
    }
    let edited = manifest.replace("operations 3", "operations 4");
    assert_ne!(edited, manifest);
    fs::write(backup.join("manifest"), edited).unwrap();
    expect("the manifest is damaged");
    fs::write(backup.join("manifest"), &manifest).unwrap();
    fs::write(backup.join("store/db/more"), "x").unwrap();
    alone(&["backup", "verify", text(&backup)]).expect_failure(3, &["more is no part of the backup"]);
    fs::remove_file(backup.join("store/db/more")).unwrap();
    alone(&["backup", "verify", text(&backup)]).expect_success();
}
