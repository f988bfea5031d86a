//! A subscriber to one channel, on a connection of its own.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use dmpc::{
    ChannelId, Identity,
    request::{Query, sign_request},
    transaction::{Content, PipelineOptions, encode},
    v1::{self, ClientFrame},
};
use futures::SinkExt;
use prost::Message as _;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use tonic::Streaming;

use super::{Via, grpc, ws};
use crate::{
    people::{now_ms, random},
    process::Node,
};

/// See the module.
pub(crate) enum Subscriber {
    Grpc(Box<Streaming<v1::EventBatch>>),
    Ws(Box<WebSocketStream<TcpStream>>),
}

impl Subscriber {
    /// Subscribes to what comes from now on, and waits until it is so far.
    pub(crate) async fn new(node: &Node, via: Via, who: &Identity, channel: ChannelId) -> Result<Self> {
        let query = Query::Subscribe { channel, cursor: Bytes::new(), from_now: true };
        let request = sign_request(who, &node.id, random(), now_ms(), &query, None);
        let transaction = encode(&Content::Request(request), PipelineOptions::default(), &[])?;
        let request = v1::ReadRequest { transaction };
        let mut subscriber = match via {
            Via::Grpc => {
                let mut client = grpc::connect(&node.grpc).await?;
                Self::Grpc(Box::new(grpc::subscribe(&mut client, request.encode_to_vec().into()).await?))
            }
            Via::Ws => {
                let mut stream = ws::connect(&node.ws).await?;
                let frame = ClientFrame { id: 1, subscribe: Some(request), ..ClientFrame::default() };
                stream.send(Message::Binary(frame.encode_to_vec().into())).await?;
                Self::Ws(Box::new(stream))
            }
        };
        loop {
            let events = subscriber.next().await?;
            if events.iter().any(|event| event.kind() == v1::EventKind::CaughtUp) {
                return Ok(subscriber);
            }
        }
    }

    /// How many messages come next.
    pub(crate) async fn messages(&mut self) -> Result<usize> {
        let events = self.next().await?;
        Ok(events.iter().filter(|event| event.kind() == v1::EventKind::Message).count())
    }

    async fn next(&mut self) -> Result<Vec<v1::Event>> {
        match self {
            Self::Grpc(events) => Ok(events.message().await?.context("the subscription ended")?.events),
            Self::Ws(stream) => {
                let frame = ws::next(stream).await?;
                if let Some(error) = frame.error {
                    bail!("the subscription ended: {} ({})", error.detail, error.reason);
                }
                Ok(frame.events.context("a frame without events")?.events)
            }
        }
    }
}
