//! Clients that cost next to nothing: batches are encoded before, and acknowledgements are looked at and forgotten.

mod grpc;
mod pipe;
mod push;
mod subscriber;
mod ws;

pub(crate) use pipe::Pipe;
pub(crate) use push::{Pushed, push};
pub(crate) use subscriber::Subscriber;

use anyhow::{Result, bail, ensure};
use dmpc::v1;

/// A front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Grpc,
    Ws,
}

impl Via {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Grpc, Self::Ws];

    /// How it is printed.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Grpc => "gRPC",
            Self::Ws => "websocket",
        }
    }
}

/// How many transactions a batch acknowledges; each must be a success whose operations are applied.
pub(crate) fn applied(batch: &v1::AckBatch) -> Result<usize> {
    for ack in &batch.acks {
        if let Some(error) = &ack.error {
            bail!("a transaction failed: {} ({})", error.detail, error.reason);
        }
        ensure!(ack.state() == v1::TicketState::Success, "a transaction is {:?}", ack.state());
        for outcome in &ack.outcomes {
            ensure!(outcome.kind() == v1::OutcomeKind::Applied, "{:?}: {}", outcome.kind(), outcome.detail);
        }
        ensure!(ack.outcomes.len() == 1, "{} outcomes for one operation", ack.outcomes.len());
    }
    Ok(batch.acks.len())
}
