//! Epochs through the command line: whoever leaves does not open what is said afterwards, whoever comes opens what it was given.

use serde_json::Value;

use super::house::{House, Person};

/// Alice's channel, in which bob and carol read and write; alice may look users up, the others may not.
struct Room {
    house: House,
    channel: String,
    alice: Person,
    bob: (Person, String),
    carol: (Person, String),
}

impl Room {
    fn new() -> Self {
        let house = House::new();
        let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
        let (bob, carol) = (house.user("bob", "ws", "none"), house.user("carol", "grpc", "none"));
        let members = [format!("{}:rw", bob.1), format!("{}:rw", carol.1)];
        let open = ["channel", "open", "tea", "--member", &members[0], "--member", &members[1]];
        let channel = house.run(&alice, &open).expect_success().line();
        Self { house, channel, alice, bob, carol }
    }

    /// The channel as alice sees it.
    fn seen(&self) -> Value {
        self.house.run(&self.alice, &["channel", "read", &self.channel, "--json"]).expect_success().json().remove(0)
    }

    fn epochs(&self) -> usize {
        self.seen()["epochs"].as_array().unwrap().len()
    }

    fn is_due(&self) -> bool {
        self.seen()["epoch_due"].as_bool().unwrap()
    }

    /// Changes members as alice; the epoch that was opened by it.
    fn change(&self, arguments: &[&str]) -> Option<String> {
        let arguments = [&["--json", "channel", "members", arguments[0], &self.channel], &arguments[1..]].concat();
        let changed = self.house.run(&self.alice, &arguments).expect_success().json().remove(0);
        changed["epoch"].as_str().map(str::to_owned)
    }

    /// What somebody opens of the channel, in its order; none for what it has no key for.
    fn opened(&self, reader: &Person) -> Vec<Option<String>> {
        let read = ["message", "read", "--json", "--channel", &self.channel];
        let read = self.house.run(reader, &read).expect_success().json();
        read.iter().map(|message| message["text"].as_str().map(str::to_owned)).collect()
    }
}

fn texts(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect()
}

#[test]
fn an_epoch_is_opened_by_whoever_manages_and_read_by_all_readers() {
    let room = Room::new();
    room.house.say(&room.alice, &room.channel, "one").expect_success();
    let opened = room.house.run(&room.alice, &["--json", "channel", "epoch", "tea"]).expect_success().json();
    assert_eq!((&opened[0]["wraps"], &opened[0]["outcome"]), (&3.into(), &"applied".into()));
    assert_eq!(room.seen()["epochs"][1]["key_id"], opened[0]["epoch"]);
    room.house.say(&room.bob.0, &room.channel, "two").expect_success();
    for reader in [&room.alice, &room.bob.0, &room.carol.0] {
        assert_eq!(room.opened(reader), texts(&["one", "two"]));
    }
    room.house.run(&room.bob.0, &["channel", "epoch", "tea"]).expect_failure(5, &["manages"]);
}

#[test]
fn removing_a_reader_opens_an_epoch_in_the_same_step() {
    let room = Room::new();
    room.house.say(&room.alice, &room.channel, "before").expect_success();
    let epoch = room.change(&["remove", &room.bob.1]).expect("an epoch");
    assert_eq!(room.seen()["epochs"][1]["key_id"], *epoch);
    assert!(!room.is_due());
    room.house.say(&room.alice, &room.channel, "after").expect_success();
    assert_eq!(room.opened(&room.carol.0), texts(&["before", "after"]));
    // Back without the history, bob opens what he had a key for and what is said from now on, not what was said meanwhile.
    assert!(room.change(&["remove", &room.carol.1]).is_some());
    room.house.say(&room.alice, &room.channel, "alone").expect_success();
    assert_eq!(room.change(&["add", &format!("{}:rw", room.bob.1)]), None);
    assert_eq!(room.opened(&room.bob.0), texts(&["before", "", "alone"]));
}

#[test]
fn taking_read_away_opens_an_epoch_and_taking_write_away_does_not() {
    let room = Room::new();
    assert_eq!(room.change(&["set", &format!("{}:r", room.bob.1)]), None);
    assert!(room.change(&["set", &format!("{}:w", room.bob.1)]).is_some());
    assert!(!room.is_due());
    room.house.say(&room.alice, &room.channel, "not for bob").expect_success();
    // Reading again, he is given the current key.
    assert_eq!(room.change(&["set", &format!("{}:r", room.bob.1)]), None);
    assert_eq!(room.opened(&room.bob.0), texts(&["not for bob"]));
}

#[test]
fn one_who_leaves_makes_an_epoch_due_and_the_next_message_of_a_manager_opens_it() {
    let room = Room::new();
    room.house.run(&room.bob.0, &["channel", "members", "remove", "tea", &room.bob.1]).expect_success();
    assert!(room.is_due());
    assert_eq!(room.epochs(), 1);

    let warned = room.house.say(&room.carol.0, &room.channel, "under the old key").expect_success();
    assert!(warned.stderr.contains("warning") && warned.stderr.contains("new epoch"), "{}", warned.stderr);
    assert!(room.is_due());

    let sent = room.house.say(&room.alice, &room.channel, "under the new key").expect_success();
    assert!(sent.stderr.contains("a new epoch was opened first"), "{}", sent.stderr);
    assert!(!room.is_due());
    assert_eq!(room.epochs(), 2);
    let quiet = room.house.say(&room.carol.0, &room.channel, "after it").expect_success();
    assert_eq!(quiet.stderr, "");
    assert_eq!(room.opened(&room.carol.0), texts(&["under the old key", "under the new key", "after it"]));
    assert_eq!(room.epochs(), 2);
}

#[test]
fn a_manager_who_leaves_is_told_that_somebody_else_has_to_open_the_epoch() {
    let room = Room::new();
    room.change(&["set", &format!("{}:rwm", room.bob.1)]);
    let left = room.house.run(&room.bob.0, &["channel", "members", "remove", "tea", &room.bob.1]).expect_success();
    assert!(left.stderr.contains("epoch is due"), "{}", left.stderr);
    assert!(room.is_due());
    assert_eq!(room.epochs(), 1);
}

#[test]
fn a_newcomer_is_given_the_current_key_and_the_earlier_ones_on_request() {
    let room = Room::new();
    room.house.say(&room.alice, &room.channel, "first").expect_success();
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_success();
    room.house.say(&room.alice, &room.channel, "second").expect_success();
    let (dave, dave_id) = room.house.user("dave", "ws", "none");
    room.change(&["add", &format!("{dave_id}:r")]);
    assert_eq!(room.opened(&dave), texts(&["", "second"]));
    let shown = room.house.run(&dave, &["message", "read", "--channel", "tea"]).expect_success();
    assert!(shown.stdout.contains("(unreadable: the key of its epoch was not given to you)"), "{}", shown.stdout);
    assert!(shown.stderr.contains("1 of the messages"), "{}", shown.stderr);

    let member = format!("{dave_id}:r");
    assert_eq!(room.change(&["add", &member, "--history"]), None);
    assert_eq!(room.opened(&dave), texts(&["first", "second"]));
    assert_eq!(room.epochs(), 2);
}

#[test]
fn members_come_from_a_list_too() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let ids: Vec<String> = ["bob", "carol", "dave"].map(|name| house.user(name, "ws", "none").1).into();
    let list = format!("# guests\n{}\n\n  {}:r\n", ids[0], ids[1]);
    let open = ["channel", "open", "tea", "--members", "-", "--member", &format!("{}:rm", ids[2])];
    house.run_with(&alice, &open, &list).expect_success();
    let listed = house.run(&alice, &["channel", "members", "list", "tea", "--json"]).expect_success().json();
    let rights = |id: &str| listed.iter().find(|member| member["user"] == id).unwrap()["rights"].clone();
    assert_eq!([rights(&ids[0]), rights(&ids[1]), rights(&ids[2])], ["read,write", "read", "read,manage"]);

    let add = ["channel", "members", "add", "tea", "--members", "-"];
    house.run_with(&alice, &add, &format!("{}\nbob:x\n", ids[0])).expect_failure(2, &["stdin:2"]);
    house.run_with(&alice, &add, &format!("{}\nnobody:r\n", ids[0])).expect_failure(1, &["'nobody'"]);
    house.run_with(&alice, &add, &format!("{0}\n{0}:r\n", ids[0])).expect_failure(2, &["named twice"]);
    let stranger = house.user("erin", "ws", "none").1;
    let set = ["channel", "members", "set", "tea", &format!("{stranger}:r")];
    house.run(&alice, &set).expect_failure(1, &["is no member"]);
    house.run(&alice, &["channel", "members", "remove", "tea", &stranger]).expect_failure(1, &["is no member"]);
}

#[test]
fn who_listens_opens_messages_of_epochs_that_come_meanwhile() {
    let room = Room::new();
    let listen = ["--json", "listen", "--channel", &room.channel, "--count", "3"];
    let mut command = room.house.command(&room.carol.0, &listen);
    let listening = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    room.house.say(&room.alice, &room.channel, "one").expect_success();
    room.change(&["remove", &room.bob.1]);
    room.house.say(&room.alice, &room.channel, "two").expect_success();
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_success();
    room.house.say(&room.alice, &room.channel, "three").expect_success();
    let heard = String::from_utf8(listening.wait_with_output().unwrap().stdout).unwrap();
    let heard: Vec<Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = heard.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}
