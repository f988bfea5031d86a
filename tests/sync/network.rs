//! A network in virtual time: connections that keep their order and nothing else. Frames take random times; connections are
//! cut, nodes crash and come back, some cannot reach others for a while. One node may lie. All of it follows from a seed.

use std::collections::BTreeMap;

use bytes::Bytes;
use dmpc::{NodeId, SignedOperation, peer::Scopes};
use dmpc_node::peer::exchange::{Action, Config, Exchange, Memory, Role};

use super::{
    liar::Liar,
    node::{Authentic, Node},
};
use crate::support::operations::{Seeded, at};

/// Milliseconds between two reconciliations of a connection.
const AGAIN: u64 = 150;
/// Milliseconds until a connection that ended is opened again.
const BACKOFF: u64 = 60;

/// Who opens a connection to whom, and what the two exchange.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) scopes: Scopes,
}

struct Connection {
    number: u64,
    sides: [Side; 2],
}

struct Side {
    exchange: Exchange,
    /// When the last frame of this side arrives, and when its last batch is committed.
    arrives: u64,
    commits: u64,
}

enum Event {
    Dial(usize),
    Deliver { link: usize, number: u64, to: usize, bytes: Bytes },
    Close { link: usize, number: u64 },
    Commit { link: usize, number: u64, side: usize, life: u64, batch: u64, operations: Vec<SignedOperation> },
    Submit { node: usize, operation: Box<SignedOperation> },
    Again { link: usize, number: u64 },
    Clock,
    Crash(usize),
    Restart(usize),
    Cut(usize),
    Part(u64),
    Rejoin,
}

/// The network and its nodes.
pub(super) struct Network {
    pub(super) nodes: Vec<Node>,
    links: Vec<Link>,
    connections: BTreeMap<usize, Connection>,
    memories: BTreeMap<(usize, usize), Memory>,
    authentic: Authentic,
    liar: Option<(usize, Liar)>,
    rng: Seeded,
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    numbers: u64,
    now: u64,
    /// Nodes with their bit set cannot reach those without.
    parted: u64,
    /// Connections that were made, and reasons for which exchanges ended.
    pub(super) ends: BTreeMap<String, u64>,
}

pub(super) fn id(node: usize) -> NodeId {
    NodeId::from_bytes([u8::try_from(node + 1).unwrap(); 32])
}

impl Network {
    pub(super) fn new(
        nodes: Vec<Node>,
        links: Vec<Link>,
        liar: Option<(usize, Liar)>,
        authentic: Authentic,
        seed: u64,
    ) -> Self {
        let mut network = Self {
            nodes,
            links,
            connections: BTreeMap::new(),
            memories: BTreeMap::new(),
            authentic,
            liar,
            rng: Seeded::new(seed, "network"),
            events: BTreeMap::new(),
            order: 0,
            numbers: 0,
            now: 0,
            parted: 0,
            ends: BTreeMap::new(),
        };
        for link in 0..network.links.len() {
            let soon = network.random(20);
            network.at(soon, Event::Dial(link));
        }
        network.at(10, Event::Clock);
        network
    }

    fn random(&mut self, bound: usize) -> u64 {
        u64::try_from(self.rng.below(bound)).unwrap()
    }

    fn at(&mut self, delay: u64, event: Event) {
        self.order += 1;
        self.events.insert((self.now + delay, self.order), event);
    }

    pub(super) fn submit(&mut self, time: u64, node: usize, operation: SignedOperation) {
        self.at(time, Event::Submit { node, operation: Box::new(operation) });
    }

    /// Trouble between now and then.
    pub(super) fn trouble(&mut self, until: u64) {
        let span = usize::try_from(until).unwrap();
        for _ in 0..self.rng.below(4) {
            let (time, node) = (self.random(span), self.rng.below(self.nodes.len()));
            self.at(time, Event::Crash(node));
        }
        for _ in 0..self.rng.below(8) {
            let (time, link) = (self.random(span), self.rng.below(self.links.len()));
            self.at(time, Event::Cut(link));
        }
        for _ in 0..self.rng.below(3) {
            let (time, sides, long) = (self.random(span), self.random(64), 20 + self.random(200));
            self.at(time, Event::Part(sides));
            self.at(time + long, Event::Rejoin);
        }
        self.at(until, Event::Rejoin);
    }

    /// Goes on until a time.
    pub(super) fn run(&mut self, until: u64) {
        while let Some(first) = self.events.first_entry().filter(|first| first.key().0 <= until) {
            let ((time, _), event) = first.remove_entry();
            self.now = time;
            self.happen(event);
        }
        self.now = until;
    }

    fn clock(&self, node: usize) -> u64 {
        at(0).millis() + self.now.saturating_sub(self.nodes[node].late)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Dial(link) => self.dial(link),
            Event::Deliver { link, number, to, bytes } => {
                let node = self.node(link, to);
                if let Some(connection) = self.connections.get_mut(&link).filter(|it| it.number == number) {
                    connection.sides[to].exchange.receive(&bytes, &self.nodes[node].book).unwrap();
                    self.pump(link, to);
                }
            }
            Event::Close { link, number } => {
                if self.connections.get(&link).is_some_and(|it| it.number == number) {
                    self.drop_connection(link);
                }
            }
            Event::Commit { link, number, side, life, batch, operations } => {
                let (node, other) = (self.node(link, side), self.node(link, 1 - side));
                if self.nodes[node].lives != life || !self.nodes[node].is_up {
                    return;
                }
                let clock = self.clock(node);
                let told = self.nodes[node].commit(operations, &self.authentic, other, clock);
                if let Some(connection) = self.connections.get_mut(&link).filter(|it| it.number == number) {
                    connection.sides[side].exchange.ingested(batch, told);
                }
                self.grew(node);
            }
            Event::Submit { node, operation } if !self.nodes[node].is_up => {
                self.at(30, Event::Submit { node, operation })
            }
            Event::Submit { node, operation } => {
                let clock = self.clock(node);
                // A client's operations count against itself; one that is refused is offered again.
                let told =
                    self.nodes[node].commit(vec![operation.as_ref().clone()], &self.authentic, usize::MAX, clock);
                if told.iter().any(|(kind, _)| !kind.is_kept()) {
                    self.at(40, Event::Submit { node, operation });
                }
                self.grew(node);
            }
            Event::Again { link, number } => {
                if let Some(connection) = self.connections.get_mut(&link).filter(|it| it.number == number) {
                    connection.sides[0].exchange.reconcile_again();
                    self.at(AGAIN, Event::Again { link, number });
                    self.pump(link, 0);
                }
            }
            Event::Clock => {
                for node in 0..self.nodes.len() {
                    let clock = self.clock(node);
                    if self.nodes[node].is_up && self.nodes[node].release(clock) {
                        self.grew(node);
                    }
                }
                self.at(10, Event::Clock);
            }
            Event::Crash(node) => self.crash(node),
            Event::Restart(node) => self.nodes[node].is_up = true,
            Event::Cut(link) => self.drop_connection(link),
            Event::Part(sides) => {
                self.parted = sides;
                let parted: Vec<usize> =
                    self.connections.keys().copied().filter(|link| self.is_parted(*link)).collect();
                parted.into_iter().for_each(|link| self.drop_connection(link));
            }
            Event::Rejoin => self.parted = 0,
        }
    }

    fn node(&self, link: usize, side: usize) -> usize {
        if side == 0 { self.links[link].from } else { self.links[link].to }
    }

    fn is_parted(&self, link: usize) -> bool {
        let Link { from, to, .. } = self.links[link];
        (self.parted >> from & 1) != (self.parted >> to & 1)
    }

    fn dial(&mut self, link: usize) {
        let Link { from, to, scopes } = self.links[link].clone();
        let is_up = self.nodes[from].is_up && self.nodes[to].is_up;
        if self.connections.contains_key(&link) {
            return;
        }
        if !is_up || self.is_parted(link) {
            return self.at(BACKOFF, Event::Dial(link));
        }
        self.numbers += 1;
        let number = self.numbers;
        let sides = [(from, to, Role::Initiator), (to, from, Role::Responder)].map(|(own, peer, role)| {
            let mut config = Config::new(id(own), id(peer), role, self.nodes[own].roots());
            config.scopes = scopes.clone();
            (config.window_operations, config.window_bytes) = (9, 4_096);
            let memory = self.memories.remove(&(own, peer)).unwrap_or_default();
            Side { exchange: Exchange::new(config, memory), arrives: self.now, commits: self.now }
        });
        self.connections.insert(link, Connection { number, sides });
        let again = AGAIN + self.random(50);
        self.at(again, Event::Again { link, number });
        self.pump(link, 0);
        self.pump(link, 1);
    }

    fn drop_connection(&mut self, link: usize) {
        if let Some(Connection { sides, .. }) = self.connections.remove(&link) {
            let (from, to) = (self.node(link, 0), self.node(link, 1));
            for (side, pair) in sides.into_iter().zip([(from, to), (to, from)]) {
                let ended = side.exchange.status().ended.as_ref();
                *self.ends.entry(ended.map_or("cut", |ended| ended.reason.as_str()).to_owned()).or_default() += 1;
                self.memories.insert(pair, side.exchange.into_memory());
            }
            let backoff = BACKOFF + self.random(60);
            self.at(backoff, Event::Dial(link));
        }
    }

    fn crash(&mut self, node: usize) {
        let mine: Vec<usize> =
            (0..self.links.len()).filter(|link| [0, 1].iter().any(|side| self.node(*link, *side) == node)).collect();
        mine.into_iter().for_each(|link| self.drop_connection(link));
        self.memories.retain(|(own, _), _| *own != node);
        self.nodes[node].lives += 1;
        if self.nodes[node].is_up {
            self.nodes[node].is_up = false;
            let later = 10 + self.random(150);
            self.at(later, Event::Restart(node));
        }
    }

    /// The log of a node has more: each of its connections may have something to say.
    fn grew(&mut self, node: usize) {
        let open: Vec<usize> = self.connections.keys().copied().collect();
        for link in open {
            for side in [0, 1] {
                if self.node(link, side) == node
                    && let Some(connection) = self.connections.get_mut(&link)
                {
                    connection.sides[side].exchange.log_grew();
                    self.pump(link, side);
                }
            }
        }
    }

    /// Does what a side wants to have done.
    fn pump(&mut self, link: usize, side: usize) {
        let node = self.node(link, side);
        loop {
            let Some(connection) = self.connections.get_mut(&link) else { return };
            let number = connection.number;
            let Some(action) = connection.sides[side].exchange.next(&self.nodes[node].book).unwrap() else { return };
            match action {
                Action::Send(bytes) => {
                    let said = match &mut self.liar {
                        Some((liar, lies)) if *liar == node => lies.say(bytes),
                        _ => vec![bytes],
                    };
                    for bytes in said {
                        let delay = 1 + self.random(12);
                        let arrives = self.arrival(link, side, delay);
                        self.at(arrives - self.now, Event::Deliver { link, number, to: 1 - side, bytes });
                    }
                }
                Action::Ingest(handed) => {
                    let delay = 1 + self.random(6);
                    let Some(connection) = self.connections.get_mut(&link) else { return };
                    let state = &mut connection.sides[side];
                    state.commits = state.commits.max(self.now + delay);
                    let (commits, life) = (state.commits, self.nodes[node].lives);
                    let (batch, operations) = (handed.number, handed.operations);
                    self.at(commits - self.now, Event::Commit { link, number, side, life, batch, operations });
                }
                Action::End(_) => {
                    let arrives = self.arrival(link, side, 1);
                    self.at(arrives - self.now + 1, Event::Close { link, number });
                }
            }
        }
    }

    fn arrival(&mut self, link: usize, side: usize, delay: u64) -> u64 {
        let now = self.now;
        self.connections.get_mut(&link).map_or(now, |connection| {
            let state = &mut connection.sides[side];
            state.arrives = state.arrives.max(now + delay);
            state.arrives
        })
    }
}
