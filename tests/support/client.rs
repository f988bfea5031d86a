//! Clients of both front ends, under one name, so that a specification is tried on each.
//! What may not live here: starting nodes, and what a specification asserts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use dmpc::{
    NodeId, VerifiedOperation,
    keys::EncryptionKey,
    request::{Query, sign_request},
    transaction::{Content, PipelineOptions, encode},
    v1::{self, ClientFrame, ServerFrame, node_client::NodeClient},
};
use futures::stream;
use prost::Message as _;
use rand_core::{OsRng, RngCore};
use tokio::time::timeout;
use tonic::{
    Status, Streaming,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use super::{
    operations::Cast,
    server::Server,
    socket::{Socket, Subprotocol},
};

/// An answer that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The front ends; websocket under each of its subprotocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Grpc,
    Ws,
    Json,
}

impl Via {
    pub(crate) const ALL: [Self; 3] = [Self::Grpc, Self::Ws, Self::Json];

    /// The code with which it ends what it cannot go on with.
    pub(crate) fn ended(self, grpc: tonic::Code, closed: u16) -> Code {
        if self == Self::Grpc { Code::Grpc(grpc) } else { Code::Closed(closed) }
    }

    /// The code with which it refuses one request of many.
    pub(crate) fn answered(self, grpc: tonic::Code) -> Code {
        if self == Self::Grpc { Code::Grpc(grpc) } else { Code::Answered }
    }
}

/// A refusal as a front end tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: String,
    pub(crate) code: Code,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Grpc(tonic::Code),
    /// The websocket was closed with this code.
    Closed(u16),
    /// The websocket goes on.
    Answered,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let reason = status.get_details_error_info().map_or_else(|| status.to_string(), |info| info.reason);
        Self { reason, code: Code::Grpc(status.code()) }
    }
}

/// Awaits something that must come.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("no answer")
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

pub(crate) async fn grpc_client(address: &str) -> NodeClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    NodeClient::new(endpoint.connect().await.unwrap())
}

/// What a transaction of operations looks like that asks for its result, sealed to nobody.
pub(crate) fn transaction(operations: &[&VerifiedOperation]) -> Bytes {
    raw_transaction(operations.iter().map(|operation| operation.bytes().clone()).collect())
}

/// The same with any bytes for operations, also some that no honest client would send.
pub(crate) fn raw_transaction(operations: Vec<Bytes>) -> Bytes {
    let options = v1::PipelineOptions { read_result: true, ..Default::default() };
    let content = v1::TransactionContent { operations, request: Bytes::new(), ..Default::default() };
    let open = content.encode_to_vec().into();
    v1::Transaction { version: 1, options: Some(options), open, ..Default::default() }.encode_to_vec().into()
}

/// A request of any bytes.
pub(crate) fn raw_request(request: &[u8]) -> Bytes {
    let content = v1::TransactionContent {
        operations: Vec::new(),
        request: Bytes::copy_from_slice(request),
        ..Default::default()
    };
    let open = content.encode_to_vec().into();
    v1::Transaction { version: 1, open, ..Default::default() }.encode_to_vec().into()
}

/// Somebody's request, made now.
pub(crate) fn request(cast: &Cast, name: &str, node: &NodeId, query: &Query) -> Bytes {
    request_at(cast, name, node, query, now_ms(), None)
}

/// Somebody's request, made at some time, to be answered under seal or not.
pub(crate) fn request_at(
    cast: &Cast,
    name: &str,
    node: &NodeId,
    query: &Query,
    now_ms: u64,
    reply_to: Option<&EncryptionKey>,
) -> Bytes {
    let mut nonce = [0; 16];
    OsRng.fill_bytes(&mut nonce);
    let request = sign_request(cast.identity(name), node, nonce, now_ms, query, reply_to);
    encode(&Content::Request(request), PipelineOptions::default(), &[]).unwrap()
}

/// Transactions, numbered from `first`.
pub(crate) fn items(first: u64, transactions: impl IntoIterator<Item = Bytes>) -> Vec<v1::Item> {
    (first..).zip(transactions).map(|(client_id, transaction)| v1::Item { client_id, transaction }).collect()
}

/// Whether an acknowledgement is the last one of its transaction.
pub(crate) fn is_final(ack: &v1::Ack) -> bool {
    matches!(ack.state(), v1::TicketState::Success | v1::TicketState::Failed)
}

/// A client of one front end.
pub(crate) enum Client {
    Grpc(NodeClient<Channel>),
    Ws(Box<Socket>),
}

impl Client {
    pub(crate) async fn connect(server: &Server, via: Via) -> Self {
        Self::connect_to(&server.grpc, &server.ws, via).await
    }

    /// The same, of a node that listens at these addresses.
    pub(crate) async fn connect_to(grpc: &str, ws: &str, via: Via) -> Self {
        match via {
            Via::Grpc => Self::Grpc(grpc_client(grpc).await),
            Via::Ws => Self::Ws(Box::new(Socket::connect_as(ws, Subprotocol::Proto).await)),
            Via::Json => Self::Ws(Box::new(Socket::connect_as(ws, Subprotocol::Json).await)),
        }
    }

    /// Submits batches as fast as they are taken; all acknowledgements, and why the stream ended before the last.
    pub(crate) async fn submit_batches(&mut self, batches: Vec<Vec<v1::Item>>) -> (Vec<v1::Ack>, Option<Refused>) {
        match self {
            Self::Grpc(client) => {
                let batches = batches.into_iter().map(|items| v1::SubmitBatch { items });
                match soon(client.submit_stream(stream::iter(batches))).await {
                    Ok(acks) => collect(acks.into_inner()).await,
                    Err(status) => (Vec::new(), Some(status.into())),
                }
            }
            Self::Ws(socket) => {
                let expected = batches.iter().map(Vec::len).sum();
                let frames = batches
                    .into_iter()
                    .map(|items| ClientFrame { submit: Some(v1::SubmitBatch { items }), ..ClientFrame::default() });
                soon(socket.submit(frames.collect(), expected)).await
            }
        }
    }

    /// Submits transactions in one batch and expects each to be acknowledged.
    pub(crate) async fn submit(&mut self, transactions: Vec<Bytes>) -> Vec<v1::Ack> {
        let (acks, refused) = self.submit_batches(vec![items(1, transactions)]).await;
        assert_eq!(refused, None);
        acks
    }

    /// Submits one operation and expects one outcome.
    pub(crate) async fn submit_one(&mut self, operation: &VerifiedOperation) -> v1::Outcome {
        let acks = self.submit(vec![transaction(&[operation])]).await;
        assert_eq!((acks.len(), acks[0].outcomes.len()), (1, 1), "{acks:?}");
        acks[0].outcomes[0].clone()
    }

    /// Asks for a page; the answer as a websocket frame with the id 0.
    pub(crate) async fn read(&mut self, query: &Query, transaction: Bytes) -> Result<ServerFrame, Refused> {
        let request = v1::ReadRequest { transaction };
        let mut frame = ServerFrame::default();
        match self {
            Self::Grpc(client) => match query {
                Query::Users { .. } => frame.users = Some(soon(client.read_users(request)).await?.into_inner()),
                Query::Channel { .. } => frame.channel = Some(soon(client.read_channel(request)).await?.into_inner()),
                Query::Channels { .. } => {
                    frame.channels = Some(soon(client.list_channels(request)).await?.into_inner());
                }
                Query::Messages { .. } => {
                    frame.messages = Some(soon(client.read_messages(request)).await?.into_inner());
                }
                Query::Keys { .. } | Query::KeyChain { .. } | Query::LaneEnd { .. } => {
                    frame.keys = Some(soon(client.read_keys(request)).await?.into_inner())
                }
                Query::Subscribe { .. } => panic!("subscriptions have a call of their own"),
            },
            Self::Ws(socket) => {
                socket.send(&ClientFrame { id: 7, read: Some(request), ..ClientFrame::default() }).await;
                frame = soon(socket.next()).await?;
                assert_eq!(std::mem::take(&mut frame.id), 7);
            }
        }
        match frame.error {
            Some(error) => Err(Refused { reason: error.reason, code: Code::Answered }),
            None => Ok(frame),
        }
    }

    /// Subscribes; the client is used up.
    pub(crate) async fn subscribe(self, transaction: Bytes) -> Result<Events, Refused> {
        let request = v1::ReadRequest { transaction };
        match self {
            Self::Grpc(mut client) => Ok(Events::Grpc(Box::new(soon(client.subscribe(request)).await?.into_inner()))),
            Self::Ws(mut socket) => {
                socket.send(&ClientFrame { id: 9, subscribe: Some(request), ..ClientFrame::default() }).await;
                Ok(Events::Ws(socket))
            }
        }
    }
}

async fn collect(mut stream: Streaming<v1::AckBatch>) -> (Vec<v1::Ack>, Option<Refused>) {
    let mut acks = Vec::new();
    loop {
        match soon(stream.message()).await {
            Ok(Some(batch)) => acks.extend(batch.acks),
            Ok(None) => return (acks, None),
            Err(status) => return (acks, Some(status.into())),
        }
    }
}

/// The events of one subscription.
pub(crate) enum Events {
    Grpc(Box<Streaming<v1::EventBatch>>),
    Ws(Box<Socket>),
}

impl Events {
    /// The next batch; why there is none.
    pub(crate) async fn next_batch(&mut self) -> Result<v1::EventBatch, Refused> {
        match self {
            Self::Grpc(stream) => Ok(soon(stream.message()).await?.expect("the subscription ended without a reason")),
            Self::Ws(socket) => {
                let frame = soon(socket.next()).await?;
                assert_eq!(frame.id, 9);
                match frame.error {
                    Some(error) => Err(Refused { reason: error.reason, code: Code::Answered }),
                    None => Ok(frame.events.unwrap()),
                }
            }
        }
    }

    /// So many events; why there are not so many.
    pub(crate) async fn take(&mut self, count: usize) -> Result<Vec<v1::Event>, Refused> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.next_batch().await?.events);
        }
        assert_eq!(events.len(), count, "{events:?}");
        Ok(events)
    }
}
