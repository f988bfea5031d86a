//! One websocket: a reading half that submits, asks and subscribes, and a writing half that sends what becomes ready.
//! Both run in one task, so that writing goes on while reading waits for room.

use std::time::Duration;

use dmpc::v1::{self, ClientFrame};
use futures::{Stream, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, error::CapacityError},
};

use super::{
    Codec, Context,
    metered::{self, Arrived},
    requests::Requests,
    writer::{self, Ending},
};
use crate::{
    config::{Limits, WS_LINGER, WS_OUTGOING_FRAMES_MAX},
    error_map::Failure,
    frame::FrameError,
    ingest::{Acks, Session, SubmitError},
    lifecycle::Lifecycle,
    listener::Origin,
};

/// What a client asks for in a frame.
enum Ask {
    Submit(v1::SubmitBatch),
    Read(v1::ReadRequest),
    Subscribe(v1::ReadRequest),
    Unsubscribe,
    NodeInfo(v1::NodeInfoRequest),
}

/// Serves a websocket until it ends: with its session, or with why it has none.
pub(super) async fn run<S>(
    socket: WebSocketStream<S>,
    (codec, arrived): (Codec, Arrived),
    context: Context,
    origin: Origin,
    session: Result<(Session, Acks), SubmitError>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, mut stream) = socket.split();
    match session {
        Ok((session, acks)) => {
            let (outgoing, frames) = mpsc::channel(WS_OUTGOING_FRAMES_MAX);
            let requests = Requests::new(&context.limits, context.reads.clone(), origin, outgoing);
            let silence = Limits::seconds(context.limits.silence_seconds);
            let frames_in = Frames { stream: &mut stream, codec, arrived, silence };
            let reading = read(frames_in, session, requests, &context.lifecycle);
            writer::write(&mut sink, codec, &context.limits, acks, frames, reading).await;
        }
        Err(error) => writer::close(&mut sink, &error.into(), Limits::seconds(context.limits.subscriber_seconds)).await,
    }
    if let Ok(socket) = sink.reunite(stream) {
        linger(socket.into_inner()).await;
    }
}

/// Reads and forgets what still comes, for a while: a socket that is dropped with something unread resets the
/// connection, and the client would lose the frames that it did not read yet.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S) {
    // The client may be gone; then there is nothing to wait for.
    let forgotten = async {
        socket.shutdown().await.ok();
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await.ok();
    };
    timeout(WS_LINGER, forgotten).await.ok();
}

/// Reads until the connection is to end; says why. Everything accepted is answered by the
/// writing half, which sees the session end when this returns.
async fn read<S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin>(
    mut frames: Frames<'_, S>,
    mut session: Session,
    mut requests: Requests,
    lifecycle: &Lifecycle,
) -> Ending {
    loop {
        let frame = tokio::select! {
            biased;
            interrupted = lifecycle.interrupted() => return interrupted.into(),
            frame = frames.next() => frame,
            () = session.idle(|| requests.are_under_way()) => return Ending::Idle,
        };
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ending::Client,
            Err(error) => return error.into(),
        };
        if let Err(failure) = take(frame, &mut session, &mut requests, lifecycle).await {
            return Ending::Failed(failure);
        }
    }
}

/// The frames of a client.
struct Frames<'a, S> {
    stream: &'a mut S,
    codec: Codec,
    arrived: Arrived,
    silence: Duration,
}

impl<S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin> Frames<'_, S> {
    /// The next one; `None` when the client ended the connection. May be dropped while it waits.
    async fn next(&mut self) -> Result<Option<ClientFrame>, FrameError> {
        loop {
            let message = timeout(self.silence, self.stream.next()).await.map_err(|_| FrameError::Silence)?;
            self.arrived.settle();
            match message {
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(message)) => {
                    if let Some(frame) = self.codec.decode(message)? {
                        return Ok(Some(frame));
                    }
                }
                Some(Err(error)) => return broken(&error).map_or(Ok(None), Err),
            }
        }
    }
}

/// What the client did wrong, if the connection broke for that.
fn broken(error: &tungstenite::Error) -> Option<FrameError> {
    match error {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(FrameError::TooLarge),
        tungstenite::Error::Io(error) if error.kind() == metered::FULL => Some(FrameError::Arriving),
        tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => Some(FrameError::Protocol),
        _ => None,
    }
}

async fn take(
    frame: ClientFrame,
    session: &mut Session,
    requests: &mut Requests,
    lifecycle: &Lifecycle,
) -> Result<(), Failure> {
    let id = frame.id;
    match ask(frame)? {
        Ask::Submit(batch) => session.submit(batch.items).await?,
        Ask::Read(request) => requests.read(id, request, lifecycle).await?,
        Ask::Subscribe(request) => requests.subscribe(id, &request).await,
        Ask::Unsubscribe => requests.unsubscribe(id).await,
        Ask::NodeInfo(request) => requests.node_info(id, &request).await,
    }
    Ok(())
}

/// The one thing that a frame asks for.
fn ask(frame: ClientFrame) -> Result<Ask, FrameError> {
    let ClientFrame { id: _, submit, read, subscribe, unsubscribe, node_info } = frame;
    match (submit, read, subscribe, unsubscribe, node_info) {
        (Some(batch), None, None, false, None) => Ok(Ask::Submit(batch)),
        (None, Some(request), None, false, None) => Ok(Ask::Read(request)),
        (None, None, Some(request), false, None) => Ok(Ask::Subscribe(request)),
        (None, None, None, true, None) => Ok(Ask::Unsubscribe),
        (None, None, None, false, Some(request)) => Ok(Ask::NodeInfo(request)),
        _ => Err(FrameError::NotOneField),
    }
}
