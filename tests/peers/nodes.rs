//! Nodes in processes of their own, that listen for each other.

use std::{
    thread,
    time::{Duration, Instant},
};

use dmpc::v1;
use serde_json::Value;

use crate::{
    cli::house::{House, Person, Said, program},
    support::{client::grpc_client, cutter::Cutter},
};

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(20);

/// A node that listens for others.
pub(super) struct Node {
    pub(super) house: House,
    /// Stay where they are when the node starts again and is somewhere else.
    door: Cutter,
    pub(super) grpc_door: Cutter,
    settings: Vec<(&'static str, &'static str)>,
}

impl Node {
    /// With a root of its own.
    pub(super) fn new() -> Self {
        Self::new_with(&[])
    }

    /// The same, with settings.
    pub(super) fn new_with(settings: &[(&'static str, &'static str)]) -> Self {
        Self::of(House::empty(), settings)
    }

    /// With the roots of another.
    pub(super) fn beside(other: &Self) -> Self {
        Self::beside_with(other, &[])
    }

    /// The same, with settings.
    pub(super) fn beside_with(other: &Self, settings: &[(&'static str, &'static str)]) -> Self {
        let house = House::empty();
        std::fs::copy(other.house.path("root.identity"), house.path("root.identity")).unwrap();
        Self::of(house, settings)
    }

    fn of(house: House, settings: &[(&'static str, &'static str)]) -> Self {
        house.make();
        let [door, grpc_door] = ["", ""].map(|nowhere| Cutter::before(nowhere, 0, 0));
        let mut node = Self { house, door, grpc_door, settings: settings.to_vec() };
        node.start();
        node
    }

    /// Starts it.
    pub(super) fn start(&mut self) {
        let listen = [("DMPC_PEER_LISTEN", "127.0.0.1:0")];
        let settings: Vec<(&str, &str)> = self.settings.iter().copied().chain(listen).collect();
        self.house.start_elsewhere_with(&settings);
        self.door.lead_to(self.house.said("peers "));
        self.grpc_door.lead_to(self.house.grpc());
    }

    /// SIGKILL, and a start.
    pub(super) fn die_and_start(&mut self) {
        self.house.stop();
        self.start();
    }

    /// Where others reach it.
    pub(super) fn address(&self) -> &str {
        self.door.address()
    }

    /// Its node key.
    pub(super) fn key(&self) -> String {
        self.peer(&["list", "--json"]).expect_success().json()[0]["key"].as_str().unwrap().to_owned()
    }

    /// `dmpc-cli peer`, as its owner.
    pub(super) fn peer(&self, arguments: &[&str]) -> Said {
        let mut command = program("dmpc-cli");
        command.env_clear().arg("peer").args(arguments).arg("--data").arg(self.house.path("node"));
        Said::of(&command.output().unwrap())
    }

    /// Takes another node for a peer.
    pub(super) fn knows(&self, name: &str, other: &Self, more: &[&str]) {
        let key = other.key();
        self.peer(&[&["add", name, "--key", &key], more].concat()).expect_success();
    }

    /// How it stands with a peer.
    pub(super) fn status(&self, name: &str) -> Value {
        let all = self.peer(&["status", "--json"]).expect_success().json();
        all.into_iter().find(|peer| peer["name"] == name).unwrap()
    }

    /// One exchange with a peer, which succeeds.
    #[track_caller]
    pub(super) fn sync(&self, name: &str) -> Value {
        self.peer(&["sync", name, "--json"]).expect_success().json().remove(0)
    }

    /// What it says of itself.
    pub(super) fn info(&self) -> v1::NodeInfoResponse {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut client = grpc_client(self.house.grpc()).await;
            client.node_info(v1::NodeInfoRequest::default()).await.unwrap().into_inner()
        })
    }

    /// The digests of its state and of its log.
    pub(super) fn digests(&self) -> (Vec<u8>, Vec<u8>) {
        let info = self.info();
        (info.state_digest.to_vec(), info.log_digest.to_vec())
    }

    /// Its log.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.house.path("node.err")).unwrap()
    }
}

/// Two nodes with the same roots that know each other, called `bob` by the first and `alice` by the second, which dials.
pub(super) fn two() -> (Node, Node) {
    let alice = Node::new();
    let bob = Node::beside(&alice);
    introduce(&alice, &bob);
    (alice, bob)
}

/// They know each other, as `alice` and `bob`; the second dials.
pub(super) fn introduce(alice: &Node, bob: &Node) {
    alice.knows("bob", bob, &[]);
    bob.knows("alice", alice, &["--address", alice.address()]);
}

/// Somebody of one node, at another: the same identity, with a state directory of its own.
pub(super) fn guest(node: &Node, name: &str, home: &Person) -> Person {
    Person { state: node.house.path(&format!("{name}.state")), ..home.clone() }
}

/// Waits until it is so.
#[track_caller]
pub(super) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        thread::sleep(GLANCE);
    }
}
