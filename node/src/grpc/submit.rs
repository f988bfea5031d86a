//! Submissions over gRPC: one transaction, or a stream of batches in and a stream of acknowledgements out.

use std::collections::VecDeque;

use dmpc::v1;
use futures::stream;
use tokio::sync::oneshot;
use tonic::{Code, Status, Streaming, codegen::BoxStream};

use super::service::status;
use crate::{
    error_map::Failure,
    frame::FrameError,
    ingest::{Acks, Ingest, Session},
    lifecycle::Lifecycle,
    listener::Origin,
};

/// Runs one transaction; the stream ends after its last update.
pub(super) async fn one(
    ingest: &Ingest,
    origin: Origin,
    request: v1::SubmitRequest,
) -> Result<BoxStream<v1::Ack>, Status> {
    let (mut session, acks) = ingest.session(origin).map_err(status)?;
    let item = v1::Item { client_id: 0, transaction: request.transaction };
    session.submit(vec![item]).await.map_err(status)?;
    drop(session);
    let pending: VecDeque<v1::Ack> = VecDeque::new();
    Ok(Box::pin(stream::unfold(Some((acks, pending)), |state| async move {
        let (mut acks, mut pending) = state?;
        if pending.is_empty() {
            match acks.next().await {
                Ok(Some(batch)) => pending.extend(batch.acks),
                Ok(None) => return None,
                Err(error) => return Some((Err(status(error)), None)),
            }
        }
        let ack = pending.pop_front()?;
        Some((Ok(ack), Some((acks, pending))))
    })))
}

/// Runs transactions as they come. When the client's stream ends or is idle, the answers end after the last one; when it is
/// refused, they end with the reason, after everything that was accepted before is answered.
pub(super) fn many(
    ingest: &Ingest,
    origin: Origin,
    batches: Streaming<v1::SubmitBatch>,
    lifecycle: Lifecycle,
) -> Result<BoxStream<v1::AckBatch>, Status> {
    let (session, acks) = ingest.session(origin).map_err(status)?;
    let (tell, refusal) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(failure) = accept(session, batches, &lifecycle).await {
            // Nobody listens when the connection is gone.
            tell.send(failure).ok();
        }
    });
    Ok(Box::pin(stream::unfold(Some((acks, refusal)), next_acks)))
}

async fn accept(
    mut session: Session,
    mut batches: Streaming<v1::SubmitBatch>,
    lifecycle: &Lifecycle,
) -> Result<(), Failure> {
    loop {
        let batch = tokio::select! {
            biased;
            interrupted = lifecycle.interrupted() => return Err(interrupted.into()),
            batch = batches.message() => match batch {
                Ok(batch) => batch,
                Err(error) => return unreadable(&error).map_or(Ok(()), Err),
            },
            () = session.idle(|| false) => return Ok(()),
        };
        let Some(batch) = batch else { return Ok(()) };
        session.submit(batch.items).await?;
    }
}

/// What is wrong with a message that tonic could not read; nothing when the connection is gone, and nobody could be told.
fn unreadable(error: &Status) -> Option<Failure> {
    match error.code() {
        Code::OutOfRange => Some(FrameError::TooLarge.into()),
        Code::Internal => Some(FrameError::Undecodable.into()),
        Code::ResourceExhausted => Some(FrameError::Arriving.into()),
        _ => None,
    }
}

type AckState = Option<(Acks, oneshot::Receiver<Failure>)>;

async fn next_acks(state: AckState) -> Option<(Result<v1::AckBatch, Status>, AckState)> {
    let (mut acks, refusal) = state?;
    match acks.next().await {
        Ok(Some(batch)) => Some((Ok(batch), Some((acks, refusal)))),
        Ok(None) => {
            let failure = refusal.await.ok()?;
            Some((Err(failure.to_status_of("items")), None))
        }
        Err(error) => Some((Err(status(error)), None)),
    }
}
