//! A connection over which one batch after the other is sent, each when the one before is acknowledged.

use anyhow::{Context, Result};
use bytes::Bytes;
use dmpc::v1;
use futures::SinkExt;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use tonic::Streaming;

use super::{Via, applied, grpc, ws};
use crate::{frames::Frame, process::Node};

/// See the module.
pub(crate) enum Pipe {
    Grpc(mpsc::Sender<Bytes>, Box<Streaming<v1::AckBatch>>),
    Ws(Box<WebSocketStream<TcpStream>>),
}

impl Pipe {
    /// Connects.
    pub(crate) async fn open(node: &Node, via: Via) -> Result<Self> {
        Ok(match via {
            Via::Grpc => {
                let (sender, batches) = mpsc::channel(1);
                let mut client = grpc::connect(&node.grpc).await?;
                let acks = grpc::submit(&mut client, ReceiverStream::new(batches)).await?;
                Self::Grpc(sender, Box::new(acks))
            }
            Via::Ws => Self::Ws(Box::new(ws::connect(&node.ws).await?)),
        })
    }

    /// Sends a batch and waits until all of it is acknowledged as applied.
    pub(crate) async fn submit(&mut self, frame: &Frame) -> Result<()> {
        match self {
            Self::Grpc(sender, _) => sender.send(frame.grpc()).await.context("the node ended the stream")?,
            Self::Ws(stream) => stream.send(Message::Binary(frame.ws())).await?,
        }
        let mut missing = frame.items;
        while missing > 0 {
            let batch = match self {
                Self::Grpc(_, acks) => acks.message().await?.context("the node ended the stream")?,
                Self::Ws(stream) => ws::next(stream).await?.acks.context("a frame without acknowledgements")?,
            };
            missing -= applied(&batch)?.min(missing);
        }
        Ok(())
    }
}
