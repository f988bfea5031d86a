//! The websocket connection: a task that writes, a task that reads and hands each frame to whom it belongs.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use dmpc::v1;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use prost::Message as _;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::HeaderValue,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use super::{
    BATCHES_IN_FLIGHT_MAX, CONNECT_SECONDS_MAX, Events, MESSAGE_BYTES_MAX, Pipe, Via,
    pipe_route::PipeRoute,
    routes::{Ending, Route, Routes, Subscriber},
    socket::{self, Address},
};
use crate::error::CliError;

const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("dmpc.v1.proto");

/// The id of frames that belong to the pipe.
const PIPE_ID: u64 = 0;

type Socket = WebSocketStream<Box<dyn socket::Socket>>;

/// A connection over websocket.
#[derive(Debug)]
pub(super) struct Connection {
    outgoing: mpsc::Sender<v1::ClientFrame>,
    routes: Arc<Mutex<Routes>>,
}

impl Connection {
    pub(super) async fn open(address: &str, ca: Option<&Path>) -> Result<Self, CliError> {
        let parsed = Address::parse(Via::Ws, address)?;
        let unreachable = |cause: String| CliError::Unreachable { via: Via::Ws, address: address.to_owned(), cause };
        let scheme = if parsed.is_secure { "wss" } else { "ws" };
        let mut request = format!("{scheme}://{}/", parsed.authority)
            .into_client_request()
            .map_err(|error| CliError::Usage(format!("--ws '{address}' is no HOST:PORT: {error}")))?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let stream = socket::connect(Via::Ws, &parsed, ca, b"http/1.1").await?;
        let connecting = client_async_with_config(request, stream, Some(config));
        let (socket, _) = timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connecting)
            .await
            .map_err(|_| unreachable(format!("no answer within {CONNECT_SECONDS_MAX} s")))?
            .map_err(|error| unreachable(describe(&error)))?;
        let (outgoing, frames) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let routes = Arc::new(Mutex::new(Routes::default()));
        let (sink, stream) = socket.split();
        tokio::spawn(write(sink, frames));
        tokio::spawn(read(stream, Arc::clone(&routes)));
        Ok(Self { outgoing, routes })
    }

    pub(super) async fn node_info(&mut self, request: v1::NodeInfoRequest) -> Result<v1::NodeInfoResponse, CliError> {
        let frame = v1::ClientFrame { node_info: Some(request), ..Default::default() };
        self.ask(frame).await?.node_info.ok_or_else(other_answer)
    }

    pub(super) async fn users(&mut self, transaction: Bytes) -> Result<v1::ReadUsersResponse, CliError> {
        self.read(transaction).await?.users.ok_or_else(other_answer)
    }

    pub(super) async fn channel(&mut self, transaction: Bytes) -> Result<v1::ReadChannelResponse, CliError> {
        self.read(transaction).await?.channel.ok_or_else(other_answer)
    }

    pub(super) async fn channels(&mut self, transaction: Bytes) -> Result<v1::ListChannelsResponse, CliError> {
        self.read(transaction).await?.channels.ok_or_else(other_answer)
    }

    pub(super) async fn messages(&mut self, transaction: Bytes) -> Result<v1::ReadMessagesResponse, CliError> {
        self.read(transaction).await?.messages.ok_or_else(other_answer)
    }

    pub(super) async fn keys(&mut self, transaction: Bytes) -> Result<v1::ReadKeysResponse, CliError> {
        self.read(transaction).await?.keys.ok_or_else(other_answer)
    }

    pub(super) async fn subscribe(&mut self, transaction: Bytes) -> Result<Events, CliError> {
        let (events, receiver) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let subscriber = Subscriber { events, connection: self.outgoing.clone() };
        let id = self.routes.lock().await.add(Route::Events(subscriber))?;
        let subscribe = Some(v1::ReadRequest { transaction });
        self.send(v1::ClientFrame { id, subscribe, ..Default::default() }).await?;
        Ok(receiver)
    }

    pub(super) async fn pipe(&mut self) -> Result<Pipe, CliError> {
        let (batches, outgoing) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let (sender, acks) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        self.routes.lock().await.add_pipe(PipeRoute::new(sender, self.outgoing.clone()))?;
        tokio::spawn(submit(outgoing, self.outgoing.clone(), Arc::clone(&self.routes)));
        Ok(Pipe { batches, acks })
    }

    async fn read(&mut self, transaction: Bytes) -> Result<v1::ServerFrame, CliError> {
        self.ask(v1::ClientFrame { read: Some(v1::ReadRequest { transaction }), ..Default::default() }).await
    }

    async fn ask(&mut self, mut frame: v1::ClientFrame) -> Result<v1::ServerFrame, CliError> {
        let (sender, receiver) = oneshot::channel();
        frame.id = self.routes.lock().await.add(Route::Answer(sender))?;
        self.send(frame).await?;
        receiver.await.unwrap_or_else(|_| Err(broken("the connection ended")))
    }

    async fn send(&self, frame: v1::ClientFrame) -> Result<(), CliError> {
        self.outgoing.send(frame).await.map_err(|_| broken("the connection ended"))
    }
}

/// Writes frames until nobody sends any; then says goodbye.
async fn write(mut sink: SplitSink<Socket, Message>, mut frames: mpsc::Receiver<v1::ClientFrame>) {
    while let Some(frame) = frames.recv().await {
        // The reading task learns why, and tells everybody who waits.
        if sink.send(Message::Binary(frame.encode_to_vec().into())).await.is_err() {
            return;
        }
    }
    drop(sink.close().await);
}

/// Reads frames until the connection ends; then tells everybody who waits.
async fn read(mut stream: SplitStream<Socket>, routes: Arc<Mutex<Routes>>) {
    let ending = loop {
        match stream.next().await {
            Some(Ok(Message::Binary(bytes))) => match v1::ServerFrame::decode(bytes) {
                Ok(frame) => deliver(frame, &routes).await,
                Err(error) => break Ending::Broken(format!("a frame of the node cannot be decoded: {error}")),
            },
            Some(Ok(Message::Close(frame))) => break from_close(frame),
            Some(Ok(Message::Text(_))) => break Ending::Broken("the node sent text on a binary connection".to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => break Ending::Broken(describe(&error)),
            None => break Ending::Broken("the node closed the connection".to_owned()),
        }
    };
    let (waiting, pipe) = routes.lock().await.end(ending.clone());
    // Whoever stopped waiting does not need to be told.
    for route in waiting {
        match route {
            Route::Answer(sender) => drop(sender.send(Err(ending.clone().into()))),
            Route::Events(to) => drop(to.events.send(Err(ending.clone().into())).await),
        }
    }
    if let Some(pipe) = pipe {
        drop(pipe.acks().send(Err(ending.into())).await);
    }
}

/// Hands a frame to whom it belongs. An answer that nobody waits for any more is let go.
async fn deliver(frame: v1::ServerFrame, routes: &Mutex<Routes>) {
    if let Some(acks) = frame.acks {
        return deliver_acks(acks, routes).await;
    }
    if let Some(batch) = frame.events {
        return deliver_events(frame.id, batch, routes).await;
    }
    if let (PIPE_ID, Some(error)) = (frame.id, &frame.error) {
        let pipe = routes.lock().await.pipe.take();
        if let Some(pipe) = pipe {
            drop(pipe.acks().send(Err(from_node(error))).await);
        }
        return;
    }
    let route = routes.lock().await.take(frame.id);
    match (route, &frame.error) {
        (Some(Route::Answer(sender)), Some(error)) => drop(sender.send(Err(from_node(error)))),
        (Some(Route::Answer(sender)), None) => drop(sender.send(Ok(frame))),
        (Some(Route::Events(to)), Some(error)) => drop(to.events.send(Err(from_node(error))).await),
        (Some(Route::Events(_)) | None, _) => {}
    }
}

/// Hands on events; a subscription whose receiver was dropped is ended.
async fn deliver_events(id: u64, batch: v1::EventBatch, routes: &Mutex<Routes>) {
    let subscriber = routes.lock().await.subscriber(id);
    let Some(to) = subscriber else { return };
    if to.events.send(Ok(batch)).await.is_err() {
        routes.lock().await.take(id);
        let frame = v1::ClientFrame { id, unsubscribe: true, ..Default::default() };
        // When the connection is gone, so is the subscription.
        drop(to.connection.send(frame).await);
    }
}

async fn deliver_acks(acks: v1::AckBatch, routes: &Mutex<Routes>) {
    let (sender, done) = {
        let mut routes = routes.lock().await;
        let Some(pipe) = routes.pipe.as_mut() else { return };
        pipe.received(&acks);
        let (sender, done) = (pipe.acks(), pipe.is_done());
        if done {
            routes.pipe = None;
        }
        (sender, done)
    };
    let gone = sender.send(Ok(acks)).await.is_err();
    if gone && !done {
        routes.lock().await.pipe = None;
    }
}

/// Forwards the batches of a pipe. The pipe ends at once when everything is acknowledged, else with the last ack.
async fn submit(
    mut batches: mpsc::Receiver<v1::SubmitBatch>,
    outgoing: mpsc::Sender<v1::ClientFrame>,
    routes: Arc<Mutex<Routes>>,
) {
    while let Some(batch) = batches.recv().await {
        match routes.lock().await.pipe.as_mut() {
            Some(pipe) => pipe.sending(&batch),
            None => return,
        }
        let frame = v1::ClientFrame { id: PIPE_ID, submit: Some(batch), ..Default::default() };
        if outgoing.send(frame).await.is_err() {
            return;
        }
    }
    let mut routes = routes.lock().await;
    if let Some(pipe) = routes.pipe.as_mut() {
        pipe.no_more();
        if pipe.is_done() {
            routes.pipe = None;
        }
    }
}

fn from_node(error: &v1::Error) -> CliError {
    CliError::Node { reason: error.reason.clone(), detail: error.detail.clone() }
}

/// A close frame of the node holds `reason: detail`.
fn from_close(frame: Option<CloseFrame>) -> Ending {
    match frame {
        Some(frame) if u16::from(frame.code) >= 4000 => {
            let text = frame.reason.as_str();
            let (reason, detail) = text.split_once(": ").unwrap_or((text, text));
            Ending::Closed { reason: reason.to_owned(), detail: detail.to_owned() }
        }
        Some(frame) if !frame.reason.is_empty() => Ending::Broken(frame.reason.as_str().to_owned()),
        Some(_) | None => Ending::Broken("the node closed the connection".to_owned()),
    }
}

fn describe(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn broken(text: &str) -> CliError {
    CliError::Disconnected(text.to_owned())
}

fn other_answer() -> CliError {
    CliError::Answer("another answer than was asked for".to_owned())
}
