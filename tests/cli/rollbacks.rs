//! A machine or filesystem that is put back as a whole: what only the node can tell, and that nobody equivocates for it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    evidence::{evidence, keys},
    house::{House, Person},
};

/// Everything in a directory, as it was.
pub(super) struct Snapshot {
    directory: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Snapshot {
    pub(super) fn of(directory: &Path) -> Self {
        let mut files = BTreeMap::new();
        for path in files_of(directory) {
            files.insert(path.clone(), fs::read(path).unwrap());
        }
        Self { directory: directory.to_path_buf(), files }
    }

    /// Puts it back as a snapshot of a filesystem is: into the same inodes, with nothing beside it that is new.
    pub(super) fn put_back(&self) {
        for path in files_of(&self.directory) {
            if !self.files.contains_key(&path) {
                fs::remove_file(path).unwrap();
            }
        }
        for (path, bytes) in &self.files {
            let inode = fs::metadata(path).unwrap().ino();
            fs::write(path, bytes).unwrap();
            assert_eq!(fs::metadata(path).unwrap().ino(), inode);
        }
    }
}

fn files_of(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_of(&path)) } else { files.push(path) }
    }
    files
}

/// Puts a person's state back. A snapshot restores the time of the last change too, which nobody can set; so what the outbox
/// remembers of it is made to agree instead.
fn put_back(person: &Person, snapshot: &Snapshot) {
    snapshot.put_back();
    let outbox = fs::metadata(person.outbox()).unwrap();
    let mark = format!("{:020} {:020} {:09}\n", outbox.len(), outbox.ctime(), outbox.ctime_nsec());
    let lock = person.outbox().with_file_name("lock");
    assert_eq!(fs::metadata(&lock).unwrap().len(), mark.len() as u64);
    fs::write(lock, mark).unwrap();
}

#[test]
fn a_sender_that_was_put_back_learns_it_from_the_node_and_begins_a_new_lane() {
    let house = House::new();
    for via in ["grpc", "ws"] {
        let (alice, id) = house.user(via, via, "channel.add");
        let channel = house.run(&alice, &["channel", "open", via]).expect_success().line();
        house.say(&alice, &channel, "before").expect_success();
        let snapshot = Snapshot::of(&alice.state);
        let after = house.say(&alice, &channel, "lost").expect_success();
        assert_eq!(after.stderr, "", "the node knows as much as the outbox");
        put_back(&alice, &snapshot);
        let said = house.say(&alice, &channel, "again").expect_success();
        assert_eq!(said.stderr.matches("a new lane begins").count(), 1, "{}", said.stderr);
        assert!(said.stderr.contains("has place 3 of your lane"), "{}", said.stderr);
        let on = house.say(&alice, &channel, "and on").expect_success();
        assert_eq!(on.stderr, "");
        assert_eq!(evidence(&house, &id), []);
        assert_eq!(house.texts(&alice, &channel), ["before", "lost", "again", "and on"]);
        let heads: Vec<_> = keys(&house, &id)["lanes"].as_array().unwrap().iter().map(|l| l["head"].clone()).collect();
        assert!(heads == [3, 2] || heads == [2, 3], "{heads:?}");
    }
}

#[test]
fn a_state_that_was_not_put_back_keeps_its_lane() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    for round in 0..3 {
        // The state as it is: what is written is what stands there.
        put_back(&alice, &Snapshot::of(&alice.state));
        assert_eq!(house.say(&alice, &channel, &format!("round {round}")).expect_success().stderr, "");
    }
    assert_eq!(keys(&house, &id)["lanes"].as_array().unwrap().len(), 1);
}

#[test]
fn another_operation_at_the_last_place_ends_a_lane_too() {
    let house = House::new();
    let root = house.root();
    let made = |name: &str| {
        let file = house.path(&format!("{name}.identity"));
        house.run(&root, &["user", "generate", file.to_str().unwrap()]).expect_success().stdout
    };
    let id = house.run(&root, &["user", "show"]).expect_success().stdout;
    let id = id.split_whitespace().find(|word| word.starts_with("dmpc1")).unwrap().to_owned();
    house.user("alice", "grpc", "none");
    let snapshot = Snapshot::of(&root.state);
    house.user("bob", "grpc", "none");
    put_back(&root, &snapshot);
    // Without a node nobody tells. It is signed for the place that bob's user has, and goes nowhere.
    let commands: [&[&str]; 2] = [&["operation", "generate", "user", "create"], &["operation", "sign"]];
    house.pipe(&root, &made("carol"), &commands).expect_success();
    let file = house.path("dave.identity");
    house.run(&root, &["identity", "new", file.to_str().unwrap()]).expect_success();
    let said = house.run(&root, &["user", "create", "--user", file.to_str().unwrap()]).expect_success();
    assert!(said.stderr.contains("another operation at the last place of your lane"), "{}", said.stderr);
    assert_eq!(evidence(&house, &id), []);
    assert_eq!(keys(&house, &id)["lanes"].as_array().unwrap().len(), 2);
}

#[test]
fn where_the_node_does_not_say_a_new_lane_begins() {
    let (house, other) = (House::new(), House::new());
    let (alice, id) = house.user("alice", "grpc", "none");
    let rename = ["user", "update", "--name", "Alice"];
    house.run(&alice, &rename).expect_success();
    assert_eq!(house.run(&alice, &rename).expect_success().stderr, "");
    let said = other.run(&alice, &rename);
    assert!(said.stderr.contains("does not say what it has of your lane (unknown_user)"), "{said:?}");
    // The lane that began there goes on here, where its first place is missing.
    assert_eq!(house.run(&alice, &rename).expect_success().stderr, "");
    assert_eq!(evidence(&house, &id), [("gap".to_owned(), 1)]);
}
