//! Writing to a node as one identity: what an earlier run left unacknowledged goes first, as it is; then what is new.

use std::collections::HashSet;

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, OpId, SignedOperation,
    kinds::Part,
    operation::Draft,
    transaction::{Content, Outgoing, PipelineOptions},
    v1,
};

use crate::{
    client::Pipe, context::Context, error::CliError, lane::LaneKey, output::note, own_lane, session::Session,
    signer::Signer,
};

/// Bytes of the operations that one transaction carries when several are sent; one alone may have more.
const TRANSACTION_BYTES: usize = 600 * 1024;
/// Operations that one transaction carries.
const TRANSACTION_OPERATIONS: usize = 256;

/// What became of an operation that the node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is part of the state.
    Applied,
    /// It waits for what it names.
    Pending,
    /// The node had it already.
    Duplicate,
}

impl Kept {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A session that writes.
#[derive(Debug)]
pub struct Writer {
    /// The session.
    pub session: Session,
    signer: Signer,
    pipe: Pipe,
    last_client_id: u64,
    /// Lanes that may go on: the node was asked, or they began here.
    confirmed: HashSet<LaneKey>,
}

impl Writer {
    /// Connects, and sends what an earlier run left.
    ///
    /// # Errors
    /// [`CliError`]
    pub async fn open(context: &Context) -> Result<Self, CliError> {
        let mut session = Session::open(context).await?;
        let signer = Signer::open(context, &session.identity, Some(session.node)).await?;
        let pipe = session.client.pipe().await?;
        let mut writer = Self { session, signer, pipe, last_client_id: 0, confirmed: HashSet::new() };
        writer.resend().await?;
        Ok(writer)
    }

    /// Signs an operation. It is in the outbox, durably, when it is returned. Before a lane of an earlier run goes on, the node
    /// is asked what it has of it, once.
    ///
    /// # Errors
    /// [`CliError`]
    pub async fn sign(
        &mut self,
        draft: Draft,
        payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, CliError>,
    ) -> Result<SignedOperation, CliError> {
        self.confirm_lane(draft.channel).await?;
        self.signer.sign(&self.session.identity, &mut self.session.seen, draft, payload)
    }

    /// Sends an operation that was signed here, and says what became of it.
    ///
    /// # Errors
    /// [`CliError::Operation`] when the node rejects or refuses it, and those of the connection.
    pub async fn submit(&mut self, operation: &SignedOperation) -> Result<Kept, CliError> {
        let outcomes = self.send(&[(operation.id(), operation.bytes().clone())]).await?;
        let outcome = outcomes.first().ok_or_else(|| CliError::Answer("no outcome".to_owned()))?;
        let kept = judge(outcome)?;
        if kept == Kept::Pending {
            note(format_args!("note: the node keeps it until it knows more: {} ({})", outcome.detail, outcome.reason));
        }
        Ok(kept)
    }

    /// Signs the operations of a change that is spread over several. They are in the outbox, durably, when they are returned.
    ///
    /// # Errors
    /// [`CliError`]
    pub async fn sign_parts(&mut self, channel: ChannelId, parts: &[Part]) -> Result<Vec<SignedOperation>, CliError> {
        let mut signed = Vec::with_capacity(parts.len());
        for part in parts {
            signed.push(self.sign(Draft::channel(part.kind(), channel), |_| Ok(part.encode())).await?);
        }
        Ok(signed)
    }

    /// Sends operations that were signed here, in their order, and says what became of all: applied, if each was. All are
    /// sent before a failure is told, so that none of them waits in the outbox.
    ///
    /// # Errors
    /// [`CliError::Operation`] for the first one that the node rejects or refuses, and those of the connection.
    pub async fn submit_all(&mut self, operations: &[SignedOperation]) -> Result<Kept, CliError> {
        let all: Vec<_> = operations.iter().map(|operation| (operation.id(), operation.bytes().clone())).collect();
        let mut kept = Kept::Applied;
        let mut failure = None;
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(first_transaction(rest));
            for outcome in self.send(now).await? {
                match judge(&outcome) {
                    Ok(Kept::Applied) => {}
                    Ok(other) => kept = other,
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            rest = later;
        }
        failure.map_or(Ok(kept), Err)
    }

    /// Lets a lane of an earlier run go on, or ends it. Whoever else has the outbox open waits meanwhile, so it is asked once.
    async fn confirm_lane(&mut self, channel: Option<ChannelId>) -> Result<(), CliError> {
        let identity = &self.session.identity;
        let lane = LaneKey { user: identity.user, key: identity.signing.verifying_key(), channel };
        if self.confirmed.contains(&lane) {
            return Ok(());
        }
        if let Some(head) = self.signer.head(&lane).copied()
            && let Some(doubt) = own_lane::doubt(&mut self.session, &lane, &head).await?
        {
            note(format_args!("note: {doubt}; a new lane begins"));
            self.signer.end_lane(&lane);
        }
        self.confirmed.insert(lane);
        Ok(())
    }

    /// Sends what was signed in earlier runs and not acknowledged: those very bytes, before anything new.
    async fn resend(&mut self) -> Result<(), CliError> {
        let waiting = self.signer.unacknowledged();
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(first_transaction(rest));
            for outcome in self.send(now).await? {
                match judge(&outcome) {
                    Ok(kept) => {
                        note(format_args!("note: an operation of an earlier run was sent again: {}", kept.word()))
                    }
                    Err(error) => note(format_args!("note: an operation of an earlier run was sent again: {error}")),
                }
            }
            rest = later;
        }
        Ok(())
    }

    /// Sends operations in one transaction and waits for the end; the outbox learns what need not be sent again. What became
    /// of them is believed only under seal: who stands in between could otherwise make the outbox forget what never arrived.
    async fn send(&mut self, operations: &[(OpId, Bytes)]) -> Result<Vec<v1::Outcome>, CliError> {
        let content = Content::Operations(operations.iter().map(|(_, bytes)| bytes.clone()).collect());
        let options = PipelineOptions { read_result: true, ..Default::default() };
        let outgoing = Outgoing {
            content: &content,
            options,
            transmission: &[],
            reply_to: Some(self.session.reply_to()),
            recipients: &[self.session.recipient],
        };
        let transaction = outgoing.encode()?;
        self.last_client_id += 1;
        let item = v1::Item { client_id: self.last_client_id, transaction };
        // When the other side is gone, the acks say why.
        drop(self.pipe.batches.send(v1::SubmitBatch { items: vec![item] }).await);
        let ack = self.ack().await?;
        let ack = self.session.unseal_ack(ack)?;
        self.session.note_latest(Hlc::from_bits(ack.latest))?;
        if let Some(error) = ack.error.filter(|_| ack.outcomes.is_empty()) {
            return Err(CliError::Node { reason: error.reason, detail: error.detail });
        }
        if ack.outcomes.len() != operations.len() {
            let (got, sent) = (ack.outcomes.len(), operations.len());
            return Err(CliError::Answer(format!("{got} outcomes for {sent} operations")));
        }
        let settled = operations.iter().zip(&ack.outcomes).filter(|(_, outcome)| is_settled(outcome));
        let settled: Vec<OpId> = settled.map(|((id, _), _)| *id).collect();
        self.signer.acknowledge(&settled)?;
        Ok(ack.outcomes)
    }

    /// The last update about the transaction that is under way.
    async fn ack(&mut self) -> Result<v1::Ack, CliError> {
        loop {
            let batch = self.pipe.acks.recv().await;
            let batch = batch.ok_or_else(|| CliError::Disconnected("the node ended the stream".to_owned()))??;
            let ended = |ack: &v1::Ack| match ack.state() {
                v1::TicketState::Success | v1::TicketState::Failed => ack.client_id == self.last_client_id,
                v1::TicketState::Unspecified | v1::TicketState::Queued | v1::TicketState::Running => false,
            };
            if let Some(ack) = batch.acks.into_iter().find(ended) {
                return Ok(ack);
            }
        }
    }
}

/// How many operations go into the next transaction; at least one.
fn first_transaction(operations: &[(OpId, Bytes)]) -> usize {
    let mut bytes = 0;
    let fits = operations.iter().take(TRANSACTION_OPERATIONS).take_while(|(_, operation)| {
        bytes += operation.len();
        bytes <= TRANSACTION_BYTES
    });
    fits.count().max(1)
}

/// Whether the same bytes need not be sent again: the node has them, or will never take them.
fn is_settled(outcome: &v1::Outcome) -> bool {
    match outcome.kind() {
        v1::OutcomeKind::Applied
        | v1::OutcomeKind::Pending
        | v1::OutcomeKind::Rejected
        | v1::OutcomeKind::Duplicate => true,
        v1::OutcomeKind::Refused => !may_be_offered_again(&outcome.reason),
        v1::OutcomeKind::Unspecified => false,
    }
}

/// Refusals that say nothing about the operation.
fn may_be_offered_again(reason: &str) -> bool {
    matches!(reason, "overloaded" | "quota" | "shutting_down" | "unknown" | "internal")
}

/// What an outcome means for whoever asked for the operation.
///
/// # Errors
/// [`CliError::Operation`] when the node rejected or refused it.
pub fn judge(outcome: &v1::Outcome) -> Result<Kept, CliError> {
    let failed = |verdict| {
        let (reason, detail) = (outcome.reason.clone(), outcome.detail.clone());
        Err(CliError::Operation { verdict, reason, detail })
    };
    match outcome.kind() {
        v1::OutcomeKind::Applied => Ok(Kept::Applied),
        v1::OutcomeKind::Pending => Ok(Kept::Pending),
        v1::OutcomeKind::Duplicate => Ok(Kept::Duplicate),
        v1::OutcomeKind::Rejected => failed("rejected"),
        v1::OutcomeKind::Refused => failed("refused"),
        v1::OutcomeKind::Unspecified => Err(CliError::Answer("an outcome without a kind".to_owned())),
    }
}
