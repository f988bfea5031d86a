//! `listen`: what was said, then what is said, opened as it comes.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
};

use serde_json::Value;

use super::house::{House, Person};

struct Listener {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Listener {
    fn start(house: &House, person: &Person, more: &[&str]) -> Self {
        let mut command = house.command(person, &[&["listen", "--json"], more].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Option<Value> {
        Some(serde_json::from_str(&self.lines.next()?.unwrap()).unwrap())
    }

    /// The next event of this kind; those before it are passed over.
    fn await_event(&mut self, event: &str) -> Value {
        loop {
            let next = self.next().unwrap_or_else(|| panic!("ended without {event}"));
            if next["event"] == event {
                return next;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn what_was_said_comes_first_then_a_mark_then_what_is_said() {
    for via in ["grpc", "ws"] {
        let house = House::new();
        let (alice, _) = house.user("alice", via, "channel.add,user.read");
        let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
        house.say(&alice, &channel, "before").expect_success();

        let mut listener = Listener::start(&house, &alice, &["--channel", &channel, "--count", "2"]);
        assert_eq!(listener.next().unwrap()["event"], "opened");
        assert_eq!(listener.next().unwrap()["text"], "before");
        assert_eq!(listener.next().unwrap()["event"], "caught_up");
        house.say(&alice, &channel, "after").expect_success();
        let after = listener.next().unwrap();
        assert_eq!(
            (&after["event"], &after["text"], &after["name"]),
            (&"message".into(), &"after".into(), &"alice".into())
        );
        assert!(listener.next().is_none());
        assert!(listener.child.wait().unwrap().success());
    }
}

#[test]
fn from_now_on_leaves_out_what_was_said() {
    let house = House::new();
    let (alice, _) = house.user("alice", "ws", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel, "before").expect_success();
    let mut listener = Listener::start(&house, &alice, &["--channel", "tea", "--from-now", "--count", "1"]);
    assert_eq!(listener.next().unwrap()["event"], "caught_up");
    house.say(&alice, &channel, "after").expect_success();
    assert_eq!(listener.next().unwrap()["text"], "after");
}

#[test]
fn a_cursor_goes_on_where_it_was() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    ["one", "two", "three"].iter().for_each(|text| drop(house.say(&alice, &channel, text).expect_success()));
    let mut listener = Listener::start(&house, &alice, &["--channel", &channel, "--count", "1"]);
    let cursor = listener.await_event("message")["cursor"].as_str().unwrap().to_owned();

    let mut later = Listener::start(&house, &alice, &["--channel", &channel, "--after", &cursor, "--count", "2"]);
    assert_eq!(later.await_event("message")["text"], "two");
    assert_eq!(later.await_event("message")["text"], "three");
}

#[test]
fn a_member_who_is_removed_while_it_listens_hears_no_more() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let member = format!("{bob_id}:r");
    let channel = house.run(&alice, &["channel", "open", "tea", "--member", &member]).expect_success().line();
    let mut listener = Listener::start(&house, &bob, &["--channel", &channel]);
    listener.await_event("caught_up");
    house.run(&alice, &["channel", "members", "remove", &channel, &bob_id]).expect_success();
    house.say(&alice, &channel, "he is gone").expect_success();
    while let Some(event) = listener.next() {
        assert_ne!(event["event"], "message", "{event}");
    }
    assert_eq!(listener.child.wait().unwrap().code(), Some(5));
}
