//! The writing half of a websocket: acknowledgements, answers, events, pings, and last the close frame.

use std::{future::Future, time::Duration};

use dmpc::v1::ServerFrame;
use futures::{Sink, SinkExt};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::Codec;
use crate::{config::Limits, error_map::Failure, ingest::Acks};

/// The client takes nothing any more.
struct Gone;

/// How a websocket ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client ended it, or is gone.
    Client,
    /// Nothing was asked for long enough.
    Idle,
    /// For a reason that the client is told.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Ending {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What the close frame of an idle websocket says.
const IDLE: &str = "idle: nothing was asked for; a transaction with keep_alive keeps the websocket open";

/// Writes what becomes ready while `reading` goes on, then what is still owed, then the close frame that says why
/// `reading` ended. Returns early when the client takes nothing any more.
pub(super) async fn write<S>(
    sink: &mut S,
    codec: Codec,
    limits: &Limits,
    mut acks: Acks,
    mut frames: mpsc::Receiver<ServerFrame>,
    reading: impl Future<Output = Ending>,
) where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    let mut reading = std::pin::pin!(reading);
    let patience = Limits::seconds(limits.subscriber_seconds);
    let mut pings = interval(Limits::seconds(limits.ping_seconds));
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let mut ended: Option<Ending> = None;
    let mut owed = (true, true);
    while owed != (false, false) {
        let message = tokio::select! {
            batch = acks.next(), if owed.0 => match batch {
                Ok(Some(batch)) => codec.encode(&ServerFrame { acks: Some(batch), ..ServerFrame::default() }),
                Ok(None) => {
                    owed.0 = false;
                    continue;
                }
                Err(error) => {
                    ended = Some(error.into());
                    break;
                }
            },
            frame = frames.recv(), if owed.1 => match frame {
                Some(frame) => codec.encode(&frame),
                None => {
                    owed.1 = false;
                    continue;
                }
            },
            reason = reading.as_mut(), if ended.is_none() => {
                ended = Some(reason);
                continue;
            },
            _ = pings.tick() => Ok(Message::Ping(bytes::Bytes::new())),
        };
        let message = match message {
            Ok(message) => message,
            Err(error) => {
                ended = Some(error.into());
                break;
            }
        };
        if send(sink, message, patience).await.is_err() {
            return;
        }
    }
    match ended {
        Some(Ending::Failed(failure)) => close(sink, &failure, patience).await,
        Some(Ending::Idle) => close_with(sink, CloseCode::Normal, IDLE.to_owned(), patience).await,
        Some(Ending::Client) | None => {
            // The client's own close is answered when the sink is closed.
            timeout(patience, sink.close()).await.ok();
        }
    }
}

/// Sends; a client that takes nothing for too long is given up.
async fn send<S>(sink: &mut S, message: Message, patience: Duration) -> Result<(), Gone>
where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    match timeout(patience, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// Sends the close frame that says why.
pub(super) async fn close<S>(sink: &mut S, failure: &Failure, patience: Duration)
where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    close_with(sink, CloseCode::from(failure.close_code()), failure.close_reason(), patience).await;
}

async fn close_with<S>(sink: &mut S, code: CloseCode, reason: String, patience: Duration)
where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    let frame = CloseFrame { code, reason: reason.into() };
    // A client that is gone needs no reason.
    send(sink, Message::Close(Some(frame)), patience).await.ok();
}
