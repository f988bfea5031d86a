//! Every client is cut off again and again, in the middle of a handshake, a frame or an answer, while it submits, listens and
//! reads: nothing is missed and nothing is there twice.

use serde_json::{Value, json};

use crate::{
    cli::house::{House, Person},
    support::cutter::Cutter,
};

use super::{
    javascript,
    python::{self, text},
};

const TEXTS: usize = 60;
/// Connections that are cut, at least.
const CUTS: u32 = 12;

/// A channel in which alice speaks and bob listens.
pub(super) struct Room {
    pub(super) house: House,
    pub(super) alice: Person,
    pub(super) bob: Person,
    pub(super) channel: String,
}

impl Room {
    pub(super) fn new() -> Self {
        let house = House::new();
        let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
        let (bob, bob_id) = house.user("bob", "grpc", "none");
        let opened = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
        let channel = opened.expect_success().line();
        Self { house, alice, bob, channel }
    }

    fn arguments(&self) -> (Vec<String>, Value) {
        let texts: Vec<String> = (0..TEXTS).map(|number| format!("message {number}")).collect();
        let (speaker, listener) = (text(&self.alice.identity), text(&self.bob.identity));
        let arguments =
            json!({ "speaker": speaker, "listener": listener, "channel": self.channel, "texts": texts.clone() });
        (texts, arguments)
    }

    /// That the listener heard, and then read, what was said, and that this is all that there is.
    #[track_caller]
    fn assert_complete(&self, found: &Value, texts: &[String], cutter: &Cutter) {
        assert_eq!(found["heard"], json!(texts));
        let read: Vec<_> = found["read"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
        assert_eq!(read, texts.iter().collect::<Vec<_>>());
        assert_eq!(self.house.texts(&self.bob, &self.channel), texts);
        assert!(cutter.cuts() >= CUTS, "{}", cutter.cuts());
        assert!(found["cuts"].as_u64().unwrap() > 0, "{found}");
    }
}

#[test]
fn grpcio_misses_and_repeats_nothing() {
    let room = Room::new();
    let cutter = Cutter::before(room.house.grpc(), 1, CUTS);
    let (texts, mut arguments) = room.arguments();
    arguments["grpc"] = cutter.address().into();
    let found = python::run_at(&room.house, "grpc", "cut_off", &arguments);
    room.assert_complete(&found, &texts, &cutter);
}

#[test]
fn websockets_of_python_miss_and_repeat_nothing() {
    let room = Room::new();
    let cutter = Cutter::before(room.house.ws(), 2, CUTS);
    let (texts, mut arguments) = room.arguments();
    arguments["ws"] = cutter.address().into();
    let found = python::run_at(&room.house, "ws", "cut_off", &arguments);
    room.assert_complete(&found, &texts, &cutter);
}

#[test]
fn websockets_of_node_miss_and_repeat_nothing() {
    let room = Room::new();
    let cutter = Cutter::before(room.house.ws(), 3, CUTS);
    let (texts, mut arguments) = room.arguments();
    arguments["ws"] = cutter.address().into();
    let found = javascript::run_at(&room.house, "cut_off", &arguments);
    room.assert_complete(&found, &texts, &cutter);
}
