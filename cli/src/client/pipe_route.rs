//! The pipe of a websocket connection: counts what is under way, so that it ends after the last ack.

use std::collections::HashSet;

use dmpc::v1;
use tokio::sync::mpsc;

use crate::error::CliError;

/// Where acks go, and what is still to be acknowledged.
#[derive(Debug)]
pub(super) struct PipeRoute {
    acks: mpsc::Sender<Result<v1::AckBatch, CliError>>,
    /// Keeps the writer of the connection alive until the last ack.
    _connection: mpsc::Sender<v1::ClientFrame>,
    under_way: HashSet<u64>,
    no_more: bool,
}

impl PipeRoute {
    pub(super) fn new(
        acks: mpsc::Sender<Result<v1::AckBatch, CliError>>,
        connection: mpsc::Sender<v1::ClientFrame>,
    ) -> Self {
        Self { acks, _connection: connection, under_way: HashSet::new(), no_more: false }
    }

    /// Where acks go.
    pub(super) fn acks(&self) -> mpsc::Sender<Result<v1::AckBatch, CliError>> {
        self.acks.clone()
    }

    /// A batch is about to be sent.
    pub(super) fn sending(&mut self, batch: &v1::SubmitBatch) {
        self.under_way.extend(batch.items.iter().map(|item| item.client_id));
    }

    /// No further batch will come.
    pub(super) fn no_more(&mut self) {
        self.no_more = true;
    }

    /// Acks came.
    pub(super) fn received(&mut self, batch: &v1::AckBatch) {
        for ack in &batch.acks {
            match ack.state() {
                v1::TicketState::Success | v1::TicketState::Failed => {
                    self.under_way.remove(&ack.client_id);
                }
                v1::TicketState::Unspecified | v1::TicketState::Queued | v1::TicketState::Running => {}
            }
        }
    }

    /// Whether everything was sent and acknowledged.
    pub(super) fn is_done(&self) -> bool {
        self.no_more && self.under_way.is_empty()
    }
}
