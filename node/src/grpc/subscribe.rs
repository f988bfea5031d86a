//! Subscriptions over gRPC: one batch of events is on its way at a time, and a subscriber that does not take it in time
//! is let go.

use std::time::Duration;

use dmpc::v1;
use futures::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, codegen::BoxStream};

use super::service::status;
use crate::read::{ReadError, Subscription};

/// The events of a subscription, and last the reason for its end.
pub(super) fn stream(subscription: Subscription, patience: Duration) -> BoxStream<v1::EventBatch> {
    let (batches, taken) = mpsc::channel(1);
    let (tell, end) = oneshot::channel();
    tokio::spawn(async move {
        if let Some(error) = deliver(subscription, patience, &batches).await {
            // Nobody listens when the subscriber has left.
            tell.send(error).ok();
        }
    });
    let end = stream::once(end).filter_map(|error| async move { error.ok().map(|error| Err(status(error))) });
    Box::pin(ReceiverStream::new(taken).map(Ok::<_, Status>).chain(end))
}

/// Delivers until the subscription ends, and says why; `None` when the subscriber has left.
async fn deliver(
    mut subscription: Subscription,
    patience: Duration,
    batches: &mpsc::Sender<v1::EventBatch>,
) -> Option<ReadError> {
    loop {
        let batch = tokio::select! {
            biased;
            () = batches.closed() => return None,
            batch = subscription.next() => batch,
        };
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return Some(error),
        };
        match tokio::time::timeout(patience, batches.send(batch)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some(ReadError::SlowSubscriber),
        }
    }
}
