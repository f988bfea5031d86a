//! What became of a transaction, as the client is told.

use bytes::Bytes;
use dmpc::{Hlc, OpId, error::ErrorClass, v1};
use dmpc_storage::{Outcome, Refusal};

use super::{
    acks::{AckGroup, Answer},
    session::SessionCore,
    unit::Ticket,
};
use crate::error_map::Failure;

/// Tells those who want updates that their transactions entered a state.
pub(super) fn announce(session: &SessionCore, tickets: &[Ticket], state: v1::TicketState, latest: Hlc) {
    let wanted = tickets.iter().filter(|ticket| ticket.options.read_status_updates);
    let acks: Vec<_> = wanted.map(|ticket| Answer::open(update(ticket.client_id, state, latest))).collect();
    if !acks.is_empty() {
        session.answer(AckGroup { acks, ..AckGroup::default() });
    }
}

fn update(client_id: u64, state: v1::TicketState, latest: Hlc) -> v1::Ack {
    v1::Ack { client_id, state: state.into(), latest: latest.bits(), ..v1::Ack::default() }
}

/// The end of a transaction, to be sealed where it asked for that. `judged` yields the outcomes of its authentic operations, in their order.
pub(super) fn conclude(ticket: Ticket, judged: &mut impl Iterator<Item = (OpId, Outcome)>, latest: Hlc) -> Answer {
    let mut error = ticket.failure;
    let mut outcomes = Vec::with_capacity(if ticket.options.read_result { ticket.operations } else { 0 });
    let mut refused = ticket.refused.into_iter().peekable();
    for place in 0..ticket.operations {
        let (id, kind, words, failure) = match refused.next_if(|refused| refused.place == place) {
            Some(refused) => (refused.id, v1::OutcomeKind::Refused, None, Some(refused.failure)),
            None => {
                let Some((id, outcome)) = judged.next() else { break };
                let (kind, words, failure) = describe(outcome);
                (Some(id), kind, words, failure)
            }
        };
        if ticket.options.read_result {
            let (reason, detail) = match (&failure, words) {
                (Some(failure), _) => (failure.reason.to_owned(), failure.detail.clone()),
                (None, Some((reason, detail))) => (reason.to_owned(), detail.to_owned()),
                (None, None) => (String::new(), String::new()),
            };
            let operation = id.map(|id| Bytes::copy_from_slice(id.as_bytes())).unwrap_or_default();
            outcomes.push(v1::Outcome { kind: kind.into(), operation, reason, detail });
        }
        error = error.or(failure);
    }
    let state = if error.is_some() { v1::TicketState::Failed } else { v1::TicketState::Success };
    let ack = v1::Ack {
        client_id: ticket.client_id,
        state: state.into(),
        outcomes,
        error: error.as_ref().map(Failure::to_wire),
        latest: latest.bits(),
        sealed: Bytes::new(),
    };
    Answer { ack, reply_to: ticket.reply_to }
}

type Words = Option<(&'static str, &'static str)>;

/// Kind, reason and detail of an outcome; a failure for the one that fails its transaction.
fn describe(outcome: Outcome) -> (v1::OutcomeKind, Words, Option<Failure>) {
    match outcome {
        Outcome::Applied => (v1::OutcomeKind::Applied, None, None),
        Outcome::Pending(missing) => (v1::OutcomeKind::Pending, Some((missing.word(), missing.detail())), None),
        Outcome::Waiting(wait) => (v1::OutcomeKind::Pending, Some((wait.word(), wait.detail())), None),
        Outcome::Rejected(why) => (v1::OutcomeKind::Rejected, Some((why.word(), why.detail())), None),
        Outcome::Duplicate => {
            (v1::OutcomeKind::Duplicate, Some(("duplicate", "the node had the operation already")), None)
        }
        Outcome::Refused(refusal) => (v1::OutcomeKind::Refused, None, Some(refuse(refusal))),
    }
}

fn refuse(refusal: Refusal) -> Failure {
    let class = match refusal {
        Refusal::WaitingFull | Refusal::QuotaFull | Refusal::StoreFull => ErrorClass::Overloaded,
        Refusal::StaleEpoch => ErrorClass::Stale,
    };
    Failure { class, reason: refusal.word(), detail: refusal.detail().to_owned() }
}
