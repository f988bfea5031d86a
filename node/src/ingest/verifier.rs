//! Verifying: opens transactions, decodes operations, verifies their signatures in batches. From the bytes alone; no
//! state is read here. One thread a core does it; where nothing else is on its way, the task that read one small transaction
//! does it itself, so that no thread must wake for it.

use std::{collections::VecDeque, mem, sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, select};
use dmpc::{
    OpId, SignedOperation, VerifiedOperation,
    keys::{DecryptionKey, KeyError, VerifyingKey},
    operation::verify_all,
    transaction::{Content, Transaction},
    v1,
};
use dmpc_storage::Submission;
use rand_core::{CryptoRng, CryptoRngCore, RngCore};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{
    outcome::announce,
    session::{Given, SessionCore},
    tally,
    unit::{Refused, RequestSubmitted, Ticket, TooFast, Unit},
};
use crate::{
    config::VERIFY_OPERATIONS_MAX, error_map::Failure, feed::Feed, lifecycle::Lifecycle, metrics, rates::Rates,
};

/// What whoever verifies works with.
pub(super) struct Verifying {
    pub(super) key: DecryptionKey,
    pub(super) ready: Receiver<Arc<SessionCore>>,
    pub(super) again: Sender<Arc<SessionCore>>,
    pub(super) units: Sender<Unit>,
    pub(super) feed: Feed,
    pub(super) identities: Arc<Rates<VerifyingKey>>,
    pub(super) lifecycle: Lifecycle,
}

/// One thread's worth.
pub(super) struct Verifier<R> {
    pub(super) verifying: Arc<Verifying>,
    pub(super) random: R,
    pub(super) stopped: Receiver<()>,
}

/// Transactions that were opened and whose operations are not verified yet.
#[derive(Default)]
struct Opened {
    tickets: Vec<Ticket>,
    /// The well-formed operations of all tickets, in their order.
    operations: Vec<SignedOperation>,
}

impl<R: RngCore + CryptoRng> Verifier<R> {
    /// Works until it is told to stop, and then until nothing is ready.
    pub(super) fn run(self) {
        let Self { verifying, mut random, stopped } = self;
        loop {
            let session = select! {
                recv(verifying.ready) -> session => session,
                recv(stopped) -> _ => break,
            };
            let Ok(session) = session else { break };
            verifying.serve(&session, Some(&mut random));
        }
        while let Ok(session) = verifying.ready.try_recv() {
            verifying.serve(&session, Some(&mut random));
        }
    }
}

impl std::fmt::Debug for Verifying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verifying {{ ready: {}, units: {} }}", self.ready.len(), self.units.len())
    }
}

impl Verifying {
    /// Verifies for a session that has its turn now, unless others wait for theirs; `false` when they do. For tasks: it does not
    /// wait for the sequencer, but where very much comes at the same moment.
    pub(super) fn serve_at_once(&self, session: &Arc<SessionCore>) -> bool {
        let is_idle = self.ready.is_empty() && self.units.is_empty();
        if is_idle {
            // A panic in a task is caught by its runtime; this one is a failure of the node, as it is in a thread.
            let guard = self.lifecycle.guard();
            self.serve(session, None);
            guard.disarm();
        }
        is_idle
    }

    /// Takes up to [`VERIFY_OPERATIONS_MAX`] operations from a session's inbox, passes them on, and lets others have
    /// their turn. Without `random`, signatures are verified one at a time.
    fn serve(&self, session: &Arc<SessionCore>, mut random: Option<&mut dyn CryptoRngCore>) {
        let (mut items, singly) = session.take();
        if singly > 0 {
            random = None;
        }
        let mut opened = Opened::default();
        let mut done = (0, false);
        while let Some(item) = items.pop_front() {
            let (ticket, operations) = self.open(item, session);
            let is_full = opened.operations.len() + operations.len() > VERIFY_OPERATIONS_MAX;
            if is_full && !opened.operations.is_empty() {
                let random = random.as_mut().map(|random| &mut **random as &mut dyn CryptoRngCore);
                done = add(done, self.pass_on(session, mem::take(&mut opened), random));
            }
            opened.tickets.push(ticket);
            opened.operations.extend(operations);
            if opened.operations.len() >= VERIFY_OPERATIONS_MAX || opened.tickets.len() >= VERIFY_OPERATIONS_MAX {
                break;
            }
        }
        let (verified, batch_failed) = add(done, self.pass_on(session, opened, random));
        if session.give_back(items, verified, batch_failed) {
            session.schedule(&self.again);
        }
        tally::queued(metrics::VERIFY_QUEUE, self.ready.len());
    }

    fn open(&self, given: Given, session: &SessionCore) -> (Ticket, Vec<SignedOperation>) {
        match given {
            Given::Transaction(item) => self.open_transaction(item, session),
            Given::Operations { client_id, operations, bytes } => {
                let mut ticket = Ticket::new(client_id, bytes);
                ticket.options.read_result = true;
                ticket.operations = operations.len();
                ticket.room = operations.len().max(1);
                (ticket, operations)
            }
        }
    }

    fn open_transaction(&self, item: v1::Item, session: &SessionCore) -> (Ticket, Vec<SignedOperation>) {
        let mut ticket = Ticket::new(item.client_id, item.transaction.len());
        let transaction = match Transaction::decode(&item.transaction) {
            Ok(transaction) => transaction,
            Err(error) => {
                ticket.failure = Some(Failure::of(&error));
                return (ticket, Vec::new());
            }
        };
        ticket.options = transaction.options;
        if transaction.options.keep_alive {
            session.keep_alive();
        }
        let opened = match transaction.open(&self.key, session.origin.accepts_open) {
            Ok(opened) => opened,
            Err(error) => {
                ticket.failure = Some(Failure::of(&error));
                return (ticket, Vec::new());
            }
        };
        ticket.reply_to = opened.reply_to;
        match opened.content {
            Content::Operations(encoded) => {
                ticket.operations = encoded.len();
                ticket.room = encoded.len().max(1);
                session.room.take_more(ticket.room - 1);
                let operations = decode(encoded, &mut ticket.refused);
                (ticket, operations)
            }
            Content::Request(_) => {
                ticket.failure = Some(Failure::of(&RequestSubmitted));
                (ticket, Vec::new())
            }
        }
    }

    /// Verifies what was opened and hands it to the sequencer; waits while the sequencer has enough. Returns how many
    /// operations were verified, and whether they failed as a batch.
    fn pass_on(
        &self,
        session: &Arc<SessionCore>,
        opened: Opened,
        random: Option<&mut dyn CryptoRngCore>,
    ) -> (usize, bool) {
        let Opened { mut tickets, operations } = opened;
        if tickets.is_empty() {
            return (0, false);
        }
        announce(session, &tickets, v1::TicketState::Queued, self.feed.latest());
        let count = operations.len();
        let ids: Vec<OpId> = operations.iter().map(|operation| operation.id()).collect();
        let begun = Instant::now();
        let (results, batch_failed) = match random {
            Some(mut random) => verify_all(operations, &mut random),
            None => (operations.into_iter().map(SignedOperation::verify).collect(), false),
        };
        tally::verified(begun);
        let submissions = sort_out(session, &mut tickets, results, &ids, &self.identities);
        tally::refused(&tickets);
        let unit = Unit { session: Arc::clone(session), tickets, submissions };
        if self.hand_over(unit).is_err() {
            tracing::error!("the sequencer is gone; its clients are told that the outcome is unknown");
        }
        (count, batch_failed)
    }
}

impl Verifying {
    /// Waits while the sequencer has enough; a task lets others have its thread meanwhile.
    fn hand_over(&self, unit: Unit) -> Result<(), Gone> {
        let unit = match self.units.try_send(unit) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(unit)) => unit,
            Err(TrySendError::Disconnected(_)) => return Err(Gone),
        };
        let is_shared =
            Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        let send = || self.units.send(unit).map_err(|_| Gone);
        if is_shared { block_in_place(send) } else { send() }
    }
}

/// The sequencer is gone.
struct Gone;

fn add(left: (usize, bool), right: (usize, bool)) -> (usize, bool) {
    (left.0 + right.0, left.1 || right.1)
}

fn decode(encoded: Vec<bytes::Bytes>, refused: &mut Vec<Refused>) -> Vec<SignedOperation> {
    let mut operations = Vec::with_capacity(encoded.len());
    for (place, bytes) in encoded.into_iter().enumerate() {
        match SignedOperation::decode(bytes) {
            Ok(operation) => operations.push(operation),
            Err(error) => refused.push(Refused { place, id: None, failure: Failure::of(&error) }),
        }
    }
    operations
}

/// Separates authentic operations from the others, which are noted in their tickets.
fn sort_out(
    session: &SessionCore,
    tickets: &mut [Ticket],
    results: Vec<Result<VerifiedOperation, KeyError>>,
    ids: &[OpId],
    identities: &Rates<VerifyingKey>,
) -> Vec<Submission> {
    let mut submissions = Vec::with_capacity(results.len());
    let mut results = results.into_iter().zip(ids);
    for ticket in tickets {
        let mut malformed = VecDeque::from(mem::take(&mut ticket.refused));
        for place in 0..ticket.operations {
            if malformed.front().is_some_and(|refused| refused.place == place) {
                ticket.refused.extend(malformed.pop_front());
                continue;
            }
            match results.next() {
                Some((Ok(operation), id)) => {
                    if session.is_client && !identities.admit(&operation.certifier_key()) {
                        ticket.refused.push(Refused { place, id: Some(*id), failure: Failure::of(&TooFast) });
                        continue;
                    }
                    submissions.push(Submission { operation, source: session.origin.source });
                }
                Some((Err(error), id)) => {
                    ticket.refused.push(Refused { place, id: Some(*id), failure: Failure::of(&error) });
                }
                None => {}
            }
        }
    }
    submissions
}
