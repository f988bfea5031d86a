//! Two nodes and nothing between them: frames go in lockstep, each tick to both sides at once, as over a line that takes half a
//! round trip. Ingest is a plain insert.

use std::collections::VecDeque;

use bytes::Bytes;
use dmpc::{
    NodeId, SignedOperation,
    peer::{Frame, OutcomeKind},
};
use dmpc_node::peer::exchange::{Action, Config, Ended, Exchange, Memory, Role, Told};

use super::book::Book;

/// One side.
pub(super) struct Side {
    pub(super) exchange: Exchange,
    pub(super) book: Book,
    pub(super) ended: Option<Ended>,
    /// Operations that ingest saw.
    pub(super) ingested: Vec<SignedOperation>,
    /// What ingest says of an operation that is not there.
    pub(super) judge: fn(&SignedOperation) -> Told,
}

pub(super) fn applied(_: &SignedOperation) -> Told {
    (OutcomeKind::Applied, None)
}

pub(super) fn node(number: u8) -> NodeId {
    NodeId::from_bytes([number; 32])
}

/// What one side of a pair starts from; the initiator is node 1.
pub(super) fn config(role: Role) -> Config {
    let (own, peer) = if role == Role::Initiator { (1, 2) } else { (2, 1) };
    Config::new(node(own), node(peer), role, [9; 32])
}

impl Side {
    pub(super) fn new(config: Config, book: Book) -> Self {
        let exchange = Exchange::new(config, Memory::default());
        Self { exchange, book, ended: None, ingested: Vec::new(), judge: applied }
    }

    /// All that it wants to say now; what it hands to ingest is there at once.
    pub(super) fn speak(&mut self) -> Vec<Bytes> {
        let mut said = Vec::new();
        while let Some(action) = self.exchange.next(&self.book).unwrap() {
            match action {
                Action::Send(bytes) => said.push(bytes),
                Action::Ingest(handed) => {
                    let told = handed.operations.into_iter().map(|operation| self.ingest(operation)).collect();
                    self.exchange.ingested(handed.number, told);
                    self.exchange.log_grew();
                }
                Action::End(ended) => self.ended = Some(ended),
            }
        }
        said
    }

    fn ingest(&mut self, operation: SignedOperation) -> Told {
        let key = operation.key();
        self.ingested.push(operation.clone());
        if self.book.has(&key) {
            return (OutcomeKind::Duplicate, None);
        }
        let told = (self.judge)(&operation);
        if told.0.is_kept() {
            self.book.insert(key, operation.channel(), operation.bytes().clone());
        }
        told
    }

    pub(super) fn hear(&mut self, frame: &Bytes) {
        self.exchange.receive(frame, &self.book).unwrap();
    }

    /// Says something that the machine would not.
    pub(super) fn hear_frame(&mut self, frame: &Frame) {
        self.hear(&frame.encode().unwrap());
    }
}

/// Two sides, and what went between them.
pub(super) struct Pair {
    pub(super) initiator: Side,
    pub(super) responder: Side,
    /// Half round trips that something took.
    pub(super) ticks: u64,
    /// Bytes of all frames, both ways.
    pub(super) bytes: usize,
    /// Frames, both ways, in the order of ticks.
    pub(super) frames: Vec<Frame>,
}

/// More ticks than anything takes.
const TICKS_MAX: u64 = 100_000;

impl Pair {
    pub(super) fn new(initiator: Side, responder: Side) -> Self {
        Self { initiator, responder, ticks: 0, bytes: 0, frames: Vec::new() }
    }

    /// Of two books, with what is configured otherwise.
    pub(super) fn of(books: [Book; 2], change: impl Fn(&mut Config)) -> Self {
        let [initiator, responder] = [Role::Initiator, Role::Responder].map(|role| {
            let mut config = config(role);
            change(&mut config);
            config
        });
        let [one, other] = books;
        Self::new(Side::new(initiator, one), Side::new(responder, other))
    }

    /// Until nobody says anything more.
    pub(super) fn run(&mut self) {
        let (mut to_responder, mut to_initiator) = (VecDeque::new(), VecDeque::new());
        to_responder.extend(self.initiator.speak());
        to_initiator.extend(self.responder.speak());
        while !to_responder.is_empty() || !to_initiator.is_empty() {
            self.ticks += 1;
            assert!(self.ticks < TICKS_MAX, "the exchange does not end");
            for bytes in to_responder.iter().chain(&to_initiator) {
                self.bytes += bytes.len();
                self.frames.push(Frame::decode(bytes).unwrap());
            }
            let (mut next_to_responder, mut next_to_initiator) = (VecDeque::new(), VecDeque::new());
            for frame in to_responder {
                self.responder.hear(&frame);
                next_to_initiator.extend(self.responder.speak());
            }
            for frame in to_initiator {
                self.initiator.hear(&frame);
                next_to_responder.extend(self.initiator.speak());
            }
            (to_responder, to_initiator) = (next_to_responder, next_to_initiator);
        }
    }

    pub(super) fn round_trips(&self) -> f64 {
        f64::from(u32::try_from(self.ticks).unwrap()) / 2.0
    }
}
