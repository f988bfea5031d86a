//! Stands between a websocket client and its node, and hands everything on but batches of transactions, or but what the node
//! answers to them: those it swallows. So a sender can be killed between its outbox and its acknowledgement. Or it answers
//! batches itself, as the node would, and the node never sees them.

use std::{net::SocketAddr, sync::mpsc, time::Duration};

use bytes::Bytes;
use dmpc::v1;
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use tokio_tungstenite::{
    accept_hdr_async, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::server::{ErrorResponse, Request, Response},
        http::HeaderValue,
    },
};

const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("dmpc.v1.proto");

/// What is not handed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Batches,
    Acks,
    /// Batches; whoever sent one is told that its operation was applied.
    BatchesAndLie,
}

/// See the module. Ends when it is dropped.
pub(super) struct Swallow {
    address: SocketAddr,
    swallowed: mpsc::Receiver<()>,
    _runtime: Runtime,
}

impl Swallow {
    /// Before the node at this address; swallows batches.
    pub(super) fn before(node: &str) -> Self {
        Self::holding(node, Hold::Batches)
    }

    /// Swallows the answers to batches.
    pub(super) fn acks_before(node: &str) -> Self {
        Self::holding(node, Hold::Acks)
    }

    /// Swallows batches, and says that the one operation of each was applied.
    pub(super) fn lying_before(node: &str) -> Self {
        Self::holding(node, Hold::BatchesAndLie)
    }

    fn holding(node: &str, hold: Hold) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, swallowed) = mpsc::channel();
        let node = node.to_owned();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hand_on(stream, node.clone(), hold, sender.clone()));
            }
        });
        Self { address, swallowed, _runtime: runtime }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until a batch was swallowed.
    pub(super) fn await_batch(&self, patience: Duration) {
        self.swallowed.recv_timeout(patience).expect("no batch came");
    }
}

#[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
async fn hand_on(stream: TcpStream, node: String, hold: Hold, swallowed: mpsc::Sender<()>) {
    let choose = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL);
        Ok(response)
    };
    let (mut to_client, mut from_client) = accept_hdr_async(stream, choose).await.unwrap().split();
    let mut request = format!("ws://{node}/").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL);
    let (mut to_node, mut from_node) = connect_async(request).await.unwrap().0.split();
    loop {
        tokio::select! {
            message = from_client.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let submit = v1::ClientFrame::decode(bytes.clone()).unwrap().submit;
                    if let Some(batch) = submit.filter(|_| hold != Hold::Acks) {
                        swallowed.send(()).ok();
                        if hold == Hold::BatchesAndLie {
                            to_client.send(Message::Binary(lie(&batch))).await.unwrap();
                        }
                    } else if to_node.send(Message::Binary(bytes)).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            message = from_node.next() => match message {
                Some(Ok(Message::Binary(bytes))) if hold == Hold::Acks && is_ack(&bytes) => {
                    swallowed.send(()).ok();
                }
                Some(Ok(message)) => if to_client.send(message).await.is_err() { return },
                Some(Err(_)) | None => return,
            },
        }
    }
}

fn is_ack(bytes: &Bytes) -> bool {
    v1::ServerFrame::decode(bytes.clone()).unwrap().acks.is_some()
}

/// What a node says when all went well, in the clear.
fn lie(batch: &v1::SubmitBatch) -> Bytes {
    let ack = |item: &v1::Item| v1::Ack {
        client_id: item.client_id,
        state: v1::TicketState::Success.into(),
        outcomes: vec![v1::Outcome { kind: v1::OutcomeKind::Applied.into(), ..Default::default() }],
        ..Default::default()
    };
    let acks = v1::AckBatch { acks: batch.items.iter().map(ack).collect() };
    v1::ServerFrame { acks: Some(acks), ..Default::default() }.encode_to_vec().into()
}
