//! A node in a process of its own, and clients of it that outlive it: what they were acknowledged, and how it ended.

use std::{path::Path, time::Duration};

use dmpc::{
    VerifiedOperation,
    v1::{self, ClientFrame, ServerFrame, node_client::NodeClient},
};
use dmpc_node::{
    clock::{Clock, SystemRandom},
    config::Config,
    serve::Node,
};
use futures::{SinkExt, StreamExt, stream};
use prost::Message as _;
use tokio::{runtime::Runtime, time::timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use tonic::transport::Endpoint;

use super::{
    child::{Process, say},
    load::Load,
};
use crate::support::client::{Refused, items, transaction};

/// A client whose node is gone is told within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// Transactions of one batch.
const BATCH: usize = 16;

/// The node that dies: the whole of it, in this process.
pub(super) fn serve(data: &Path) -> i32 {
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let config = Config { data: data.to_owned(), grpc: anywhere, ws: anywhere, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let node = match Node::start(&config, Clock::system(), SystemRandom::new).await {
            Ok(node) => node,
            Err(error) => {
                say(&format!("refused {error}"));
                return if error.is_refusal_of_the_store() { 4 } else { 1 };
            }
        };
        say(&format!("ready {} {}", node.grpc, node.ws));
        match node.run_until(std::future::pending()).await {
            Ok(()) => 0,
            Err(error) => {
                say(&format!("failed {error}"));
                1
            }
        }
    })
}

/// Where a node listens, as it says when it is ready; `None` when it ended before.
pub(super) fn addresses(process: &mut Process) -> Option<(String, String)> {
    loop {
        let said = process.next()?;
        if let Some((grpc, ws)) = said.strip_prefix("ready ").and_then(|addresses| addresses.split_once(' ')) {
            return Some((grpc.to_owned(), ws.to_owned()));
        }
    }
}

/// What a client was told of its operations.
#[derive(Default)]
pub(super) struct Told {
    /// Those that are in the log or kept aside, as the node said.
    pub(super) acknowledged: Vec<VerifiedOperation>,
    /// How the node ended the connection; `None` where it just broke.
    pub(super) ended: Option<Refused>,
}

fn batches(operations: &[VerifiedOperation]) -> Vec<v1::SubmitBatch> {
    let chunks = operations.chunks(BATCH).enumerate();
    let batch = |(number, chunk): (usize, &[VerifiedOperation])| v1::SubmitBatch {
        items: items(u64::try_from(number * BATCH).unwrap(), chunk.iter().map(|one| transaction(&[one]))),
    };
    chunks.map(batch).collect()
}

/// Remembers what is acknowledged. What is refused is not.
fn hear(told: &mut Told, acks: &[v1::Ack], operations: &[VerifiedOperation]) -> usize {
    let finals = acks.iter().filter(|ack| ack.state() == v1::TicketState::Success);
    for ack in finals.clone() {
        if ack.outcomes[0].kind() != v1::OutcomeKind::Refused {
            told.acknowledged.push(operations[usize::try_from(ack.client_id).unwrap()].clone());
        }
    }
    finals.count()
}

/// Submits over gRPC until all is acknowledged or the node is gone.
pub(super) async fn submit_grpc(address: String, operations: Vec<VerifiedOperation>) -> Told {
    let mut told = Told::default();
    let Ok(channel) = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await else { return told };
    let mut client = NodeClient::new(channel);
    // A node answers with headers when it has its first answer, so both must be able to be late.
    let stream = stream::iter(batches(&operations)).chain(stream::pending());
    let acks = timeout(PATIENCE, client.submit_stream(stream)).await.expect("no answer");
    let mut acks = match acks {
        Ok(acks) => acks.into_inner(),
        Err(status) => return Told { ended: of_node(status), ..told },
    };
    let mut answered = 0;
    while answered < operations.len() {
        match timeout(PATIENCE, acks.message()).await.expect("no answer") {
            Ok(Some(batch)) => answered += hear(&mut told, &batch.acks, &operations),
            Ok(None) => panic!("the stream ended well, and {answered} of {} are answered", operations.len()),
            Err(status) => {
                told.ended = of_node(status);
                break;
            }
        }
    }
    told
}

/// A status that the node sent, and not one that the client made of a connection that broke.
fn of_node(status: tonic::Status) -> Option<Refused> {
    use tonic_types::StatusExt;
    status.get_details_error_info().is_some().then(|| status.into())
}

/// The same over a websocket.
pub(super) async fn submit_ws(address: String, operations: Vec<VerifiedOperation>) -> Told {
    let mut told = Told::default();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "dmpc.v1.proto".parse().unwrap());
    let Ok((socket, _)) = connect_async(request).await else { return told };
    let (mut sink, mut stream) = socket.split();
    let frames =
        batches(&operations).into_iter().map(|batch| ClientFrame { submit: Some(batch), ..Default::default() });
    let send = async {
        for frame in frames {
            if sink.send(Message::Binary(frame.encode_to_vec().into())).await.is_err() {
                return;
            }
        }
    };
    let receive = async {
        let mut answered = 0;
        while answered < operations.len() {
            match timeout(PATIENCE, stream.next()).await.expect("no answer") {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = ServerFrame::decode(bytes).unwrap();
                    answered += hear(&mut told, &frame.acks.unwrap_or_default().acks, &operations);
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    let reason = close.reason.split_once(": ").map(|(reason, _)| reason.to_owned()).unwrap_or_default();
                    let code = crate::support::client::Code::Closed(close.code.into());
                    told.ended = Some(Refused { reason, code });
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    };
    futures::join!(send, receive);
    told
}

/// Submits to a node over several connections, over both front ends in turn.
pub(super) async fn submit(grpc: &str, ws: &str, streams: Vec<Vec<VerifiedOperation>>) -> Vec<Told> {
    let clients = streams.into_iter().enumerate().map(|(number, operations)| {
        let (grpc, ws) = (grpc.to_owned(), ws.to_owned());
        tokio::spawn(async move {
            if number % 2 == 0 { submit_grpc(grpc, operations).await } else { submit_ws(ws, operations).await }
        })
    });
    let told = futures::future::join_all(clients.collect::<Vec<_>>()).await;
    told.into_iter().map(Result::unwrap).collect()
}

/// Submits to a node, load after load, until it is dead; all that its clients were told.
pub(super) fn submit_until_dead(runtime: &Runtime, process: &mut Process, load: &mut Load) -> Vec<Told> {
    let (grpc, ws) = addresses(process).expect("a node after a crash starts");
    let mut told = Vec::new();
    while process.is_alive() {
        told.extend(runtime.block_on(submit(&grpc, &ws, load.streams())));
    }
    told
}
