//! What a peer hands over on its way through ingest: offered in order, as fast as the peer may, and what became of it told in
//! the same order.

use std::{collections::VecDeque, sync::Arc};

use dmpc::{keys::VerifyingKey, peer::OutcomeKind, v1};
use dmpc_storage::{Refusal, Source, Wait};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{
    exchange::{Handed, Told},
    pace::Pace,
};
use crate::{
    ingest::{Acks, Ingest, Session, SubmitError},
    lifecycle::Interrupted,
    listener::Origin,
};

/// Groups of operations that wait to be offered.
const GROUPS_MAX: usize = 4;

/// Hands over to ingest, and takes the answers.
#[derive(Debug)]
pub(super) struct Offering {
    groups: mpsc::Sender<Handed>,
    acks: Acks,
    /// Answers that were taken and not told yet.
    answers: VecDeque<v1::Ack>,
    _offering: AbortOnDropHandle<()>,
}

/// Whom to count what waits against: the peer, wherever it connects from.
fn origin(key: &VerifyingKey) -> Origin {
    let bytes = key.as_bytes();
    Origin {
        source: Source(std::array::from_fn(|place| bytes.get(place).copied().unwrap_or_default())),
        accepts_open: true,
    }
}

impl Offering {
    /// Begins.
    ///
    /// # Errors
    /// [`SubmitError::Sessions`]
    pub(super) fn begin(ingest: &Ingest, key: &VerifyingKey, pace: Arc<Pace>) -> Result<Self, SubmitError> {
        let (session, acks) = ingest.session_of_peer(origin(key))?;
        let (groups, queue) = mpsc::channel(GROUPS_MAX);
        let offering = AbortOnDropHandle::new(tokio::spawn(offer(session, queue, pace)));
        Ok(Self { groups, acks, answers: VecDeque::new(), _offering: offering })
    }

    /// The end that takes operations.
    pub(super) fn groups(&self) -> mpsc::Sender<Handed> {
        self.groups.clone()
    }

    /// What became of the next group: its number, and its outcomes. Nothing when the node stops. May be dropped while it waits.
    ///
    /// # Errors
    /// [`Interrupted::Failed`]
    pub(super) async fn next(&mut self) -> Result<Option<(u64, Vec<Told>)>, Interrupted> {
        if self.answers.is_empty() {
            let Some(batch) = self.acks.next().await? else { return Ok(None) };
            self.answers.extend(batch.acks);
        }
        Ok(self.answers.pop_front().map(|ack| (ack.client_id, ack.outcomes.iter().map(told).collect())))
    }
}

async fn offer(mut session: Session, mut queue: mpsc::Receiver<Handed>, pace: Arc<Pace>) {
    while let Some(Handed { number, operations }) = queue.recv().await {
        pace.operations(operations.len()).await;
        // The node stops then, and with it the exchange.
        if session.offer(number, operations).await.is_err() {
            return;
        }
    }
}

/// What the peer is told of an outcome.
fn told(outcome: &v1::Outcome) -> Told {
    let reason = || Some(outcome.reason.clone());
    match outcome.kind() {
        v1::OutcomeKind::Applied => (OutcomeKind::Applied, None),
        v1::OutcomeKind::Pending if is_word(&outcome.reason, &[Wait::UnknownCertifier.word(), Wait::Future.word()]) => {
            (OutcomeKind::Waiting, None)
        }
        v1::OutcomeKind::Pending => (OutcomeKind::Pending, None),
        v1::OutcomeKind::Rejected => (OutcomeKind::Rejected, None),
        v1::OutcomeKind::Duplicate => (OutcomeKind::Duplicate, None),
        v1::OutcomeKind::Refused | v1::OutcomeKind::Unspecified => {
            let refusals = [Refusal::WaitingFull, Refusal::QuotaFull, Refusal::StaleEpoch, Refusal::StoreFull];
            let is_refusal = is_word(&outcome.reason, &refusals.map(Refusal::word));
            (if is_refusal { OutcomeKind::Refused } else { OutcomeKind::Bad }, reason())
        }
    }
}

fn is_word(reason: &str, words: &[&str]) -> bool {
    words.contains(&reason)
}
