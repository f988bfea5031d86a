//! The exchange of operations between two nodes, as a machine without I/O, clock and randomness: frames of the other node
//! and facts of this one go in, frames and operations for ingest come out. Whoever drives it has the connection.
//!
//! ```text
//! initiator                                    responder
//!     terms                  ->  <-  terms
//!     reconcile              ->                        what do we differ in?
//!                                <-  reconcile         (until it is known)
//!     want                   ->  <-  operations        what the initiator lacks
//!     operations             ->  <-  outcomes          what the responder lacks
//!     reconciled             ->  <-  reconciled
//!     operations, outcomes   ->  <-  operations, outcomes     what is new, as it comes
//! ```
//!
//! All that is kept in memory is bounded by [`bounds`]; what is handed over stays in the log until it goes. A cut costs
//! nothing but another reconciliation, which costs what differs. The other node is not trusted: see [`EndReason`].
//! Source: docs/PROTOCOL.md, "Between nodes".

mod batch;
pub mod bounds;
mod config;
mod end;
mod following;
mod frames;
mod outcome;
mod receiving;
mod reconciling;
mod refusals;
pub mod replica;
mod rounds;
mod sending;
mod status;
mod stored;
mod wanting;

pub use config::{Config, Role};
pub use end::{EndReason, Ended};
pub use outcome::{not_authentic, told};
pub use receiving::{Handed, Told};
pub use refusals::Memory;
pub use status::{Agreement, Differences, Missing, Offences, Phase, Status, Tally};

use std::collections::VecDeque;

use bytes::Bytes;
use dmpc::{
    PROTOCOL_VERSION, SignedOperation,
    peer::{End, Frame, PEER_VERSION, Scopes, Terms},
};
use dmpc_storage::RULESET;

use bounds::{BAD_MAX, DUPLICATES_MAX, UNASKED_MAX, USELESS_MAX, WITHHELD_MAX};
use following::Following;
use receiving::Receiving;
use reconciling::Reconciling;
use replica::{Replica, Scope};
use sending::Sending;
use wanting::Wanting;

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Action {
    /// These bytes, one frame, go to the other node.
    Send(Bytes),
    /// These operations go through ingest; [`Exchange::ingested`] is told what became of them.
    Ingest(Handed),
    /// The exchange is over: the connection is closed after what was sent before.
    End(Ended),
}

/// An exchange with another node, from the moment when each knows who the other is.
#[derive(Debug)]
pub struct Exchange {
    config: Config,
    memory: Memory,
    status: Status,
    /// Frames that are to be sent before anything else: few, each an answer to one of the other's.
    out: VecDeque<Frame>,
    greeted: bool,
    common: Scopes,
    scopes: Vec<Scope>,
    /// What goes to the other node at all.
    gives: bool,
    /// What comes from the other node at all.
    takes: bool,
    reconciling: Reconciling,
    sending: Sending,
    receiving: Receiving,
    wanting: Wanting,
    following: Option<Following>,
    /// The end, until it is told.
    ending: Option<Ended>,
}

impl Exchange {
    /// Begins; `memory` is what the last exchange with this node left, or nothing.
    pub fn new(config: Config, memory: Memory) -> Self {
        let receiving = Receiving::new(config.window_operations, config.window_bytes);
        Self {
            config,
            memory,
            status: Status::default(),
            out: VecDeque::new(),
            greeted: false,
            common: Scopes::Channels(Vec::new()),
            scopes: Vec::new(),
            gives: false,
            takes: false,
            reconciling: Reconciling::default(),
            sending: Sending::default(),
            receiving,
            wanting: Wanting::default(),
            following: None,
            ending: None,
        }
    }

    /// What is to be done next; `None` until something happens. Ask again after each of the other calls, and only when what
    /// it gives can be done: that is the back-pressure.
    ///
    /// # Errors
    /// The log cannot be read; the exchange cannot go on.
    pub fn next<R: Replica>(&mut self, replica: &R) -> Result<Option<Action>, R::Error> {
        self.greet(replica)?;
        self.judge();
        if let Some(frame) = self.out.pop_front() {
            return Ok(Some(self.send(&frame)));
        }
        if let Some(ended) = self.ending.take() {
            return Ok(Some(Action::End(ended)));
        }
        if self.status.ended.is_some() {
            return Ok(None);
        }
        if let Some(outcomes) = self.receiving.outcomes() {
            return Ok(Some(self.send(&Frame::Outcomes(outcomes))));
        }
        if let Some(handed) = self.receiving.next() {
            return Ok(Some(Action::Ingest(handed)));
        }
        let frame = match self.reconcile(replica)? {
            Some(frame) => Some(frame),
            None => self.hand_over(replica)?,
        };
        if let Some(frame) = frame {
            return Ok(Some(self.send(&frame)));
        }
        // What was handed over may have been the last that was missing, and then there is something to say.
        match self.settle(replica)? {
            Some(frame) => Ok(Some(self.send(&frame))),
            None if self.ending.is_some() || !self.out.is_empty() => self.next(replica),
            None => Ok(None),
        }
    }

    /// Takes a frame of the other node.
    ///
    /// # Errors
    /// The log cannot be read; the exchange cannot go on.
    pub fn receive<R: Replica>(&mut self, bytes: &Bytes, replica: &R) -> Result<(), R::Error> {
        if self.status.ended.is_some() {
            return Ok(());
        }
        self.status.frames_in += 1;
        self.status.bytes_in += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match Frame::decode(bytes) {
            Ok(frame) => self.take(frame, replica),
            Err(error) => {
                self.end(EndReason::Violation, &error.to_string());
                Ok(())
            }
        }
    }

    /// What became of operations that were handed to ingest: one for each, in their order, in the order of the numbers.
    pub fn ingested(&mut self, number: u64, outcomes: Vec<Told>) {
        let lost = self.receiving.ingested(number, outcomes, &mut self.memory, &mut self.status);
        if let Some(following) = &mut self.following {
            lost.iter().for_each(|id| following.lost(id));
        }
    }

    /// The log of this node has more than before.
    pub fn log_grew(&mut self) {
        if let Some(following) = &mut self.following {
            following.grew();
        }
    }

    /// Asks once more what differs; does nothing while that is being asked, or where the other node asks.
    pub fn reconcile_again(&mut self) {
        if self.config.role == Role::Initiator && self.status.phase == Phase::Following {
            self.begin_reconciliation();
        }
    }

    /// Tells the other node that this one is there.
    ///
    /// # Errors
    /// The log cannot be read; the exchange cannot go on.
    pub fn stay_alive<R: Replica>(&mut self, replica: &R) -> Result<(), R::Error> {
        if self.greeted && self.status.ended.is_none() && self.out.is_empty() {
            self.out.push_back(Frame::Alive(replica.head()?));
        }
        Ok(())
    }

    /// Ends it.
    pub fn end(&mut self, reason: EndReason, detail: &str) {
        if self.status.ended.is_some() {
            return;
        }
        let (word, detail) = (reason.word().to_owned(), detail.to_owned());
        self.out.clear();
        self.out.push_back(Frame::End(End { reason: word.clone(), detail: detail.clone() }));
        self.ended(Ended { reason: word, detail, own: Some(reason) });
    }

    /// Operations that the other node is to get and has not acknowledged, of a log of so many: those that are new, and those on
    /// their way.
    pub fn lag(&self, operations: u64) -> u64 {
        match &self.following {
            Some(following) if self.gives => following.backlog(operations).saturating_add(self.sending.on_their_way()),
            Some(_) | None => 0,
        }
    }

    /// What can be seen of it.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What is exchanged, once both said what they want.
    pub fn common(&self) -> &Scopes {
        &self.common
    }

    /// What the next exchange with this node begins with.
    pub fn into_memory(self) -> Memory {
        self.memory
    }

    fn ended(&mut self, ended: Ended) {
        self.status.phase = Phase::Ended;
        self.status.ended = Some(ended.clone());
        self.ending = Some(ended);
    }

    fn send(&mut self, frame: &Frame) -> Action {
        match frame.encode() {
            Ok(bytes) => {
                self.status.frames_out += 1;
                self.status.bytes_out += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Action::Send(bytes)
            }
            Err(error) => {
                let ended = Ended {
                    reason: EndReason::Failed.word().to_owned(),
                    detail: error.to_string(),
                    own: Some(EndReason::Failed),
                };
                self.out.clear();
                self.ended(ended.clone());
                self.ending = None;
                Action::End(ended)
            }
        }
    }

    /// The first frame.
    fn greet<R: Replica>(&mut self, replica: &R) -> Result<(), R::Error> {
        if self.greeted {
            return Ok(());
        }
        self.greeted = true;
        let head = replica.head()?;
        self.following = Some(Following::new(head.operations));
        let Config { node, roots, scopes, pushes, pulls, window_operations, window_bytes, .. } = self.config.clone();
        let (version, ruleset) = (PEER_VERSION, RULESET);
        self.out.push_front(Frame::Terms(Terms {
            version,
            ruleset,
            node,
            roots,
            scopes,
            pushes,
            pulls,
            window_operations,
            window_bytes,
            head,
        }));
        Ok(())
    }

    /// Ends the exchange when the other node did too much of what it should not.
    fn judge(&mut self) {
        let Offences { bad, unasked, useless, withheld } = self.status.offences;
        let received = &self.status.received;
        let duplicates = received.of(dmpc::peer::OutcomeKind::Duplicate);
        let new = received.total() - duplicates;
        let excess = duplicates.saturating_sub(new.saturating_mul(16));
        let bounds = [
            (bad, BAD_MAX, EndReason::BadOperations),
            (unasked, UNASKED_MAX, EndReason::Unasked),
            (useless, USELESS_MAX, EndReason::Useless),
            (withheld, WITHHELD_MAX, EndReason::Withholding),
            (excess, DUPLICATES_MAX, EndReason::Duplicates),
        ];
        if let Some((count, bound, reason)) = bounds.into_iter().find(|(count, bound, _)| count > bound) {
            self.end(reason, &format!("{count} operations, {bound} are allowed"));
        }
    }

    /// A frame of operations.
    fn hand_over<R: Replica>(&mut self, replica: &R) -> Result<Option<Frame>, R::Error> {
        if let Some(following) = &mut self.following {
            following.look(replica)?;
        }
        if !self.gives || !self.sending.may_send() {
            return Ok(None);
        }
        if let Some(operations) = self.sending.answer(replica, &self.scopes, &mut self.status)? {
            return Ok(Some(Frame::Operations(operations)));
        }
        let found = if self.knows_enough() {
            self.sending.surplus(replica, &self.scopes, &self.memory, &mut self.status)?
        } else {
            None
        };
        if found.is_some() || self.status.phase != Phase::Following {
            return Ok(found.map(Frame::Operations));
        }
        let Some(following) = &mut self.following else { return Ok(None) };
        loop {
            let keys = following.next();
            if keys.is_empty() {
                return Ok(None);
            }
            let (done, operations) = self.sending.fresh(replica, &keys, |bytes| belongs(&self.common, bytes))?;
            following.done(done);
            following.look(replica)?;
            match operations {
                Some(operations) => return Ok(Some(Frame::Operations(operations))),
                None if done == 0 => return Ok(None),
                None => {}
            }
        }
    }
}

/// Whether an operation of the own log belongs to what is exchanged.
fn belongs(common: &Scopes, bytes: &Bytes) -> bool {
    if *common == Scopes::Everything {
        return true;
    }
    SignedOperation::decode(bytes.clone()).is_ok_and(|operation| common.contains(operation.channel().as_ref()))
}

// The version of headers and the ruleset are the same in both nodes when the version of the exchange is.
const _: () = assert!(PROTOCOL_VERSION == 1);
