//! Sessions that are idle: ended after a while, unless a transaction asked for `keep_alive`; on both front ends.

use std::time::Duration;

use dmpc::{
    Permissions,
    request::Query,
    transaction::{Content, PipelineOptions, encode},
    v1::{self, ClientFrame},
};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;

use crate::support::{
    client::{Code, Refused, grpc_client, request, soon},
    operations::{Cast, at},
    server::Server,
    socket::Socket,
};

/// The shortest time that a node can be told.
const IDLE: Duration = Duration::from_secs(1);

fn batch(cast: &mut Cast, name: &str, number: u64, keep_alive: bool) -> v1::SubmitBatch {
    cast.join(name);
    let operation = cast.create("root", name, Permissions::NONE, "", at(number));
    let options = PipelineOptions { keep_alive, ..PipelineOptions::default() };
    let transaction = encode(&Content::Operations(vec![operation.bytes().clone()]), options, &[]).unwrap();
    v1::SubmitBatch { items: vec![v1::Item { client_id: number, transaction }] }
}

async fn acked(socket: &mut Socket) {
    let frame = soon(socket.next()).await.unwrap();
    assert_eq!(frame.acks.unwrap().acks[0].state(), v1::TicketState::Success);
}

fn submit(batch: v1::SubmitBatch) -> ClientFrame {
    ClientFrame { submit: Some(batch), ..ClientFrame::default() }
}

#[tokio::test]
async fn an_idle_websocket_is_closed_as_normal_unless_it_asked_for_keep_alive() {
    let mut cast = Cast::new(1);
    let server = Server::start_with_idle(&cast, IDLE);
    let mut once = Socket::connect(&server.ws).await;
    once.send(&submit(batch(&mut cast, "one", 1, false))).await;
    acked(&mut once).await;
    let mut kept = Socket::connect(&server.ws).await;
    kept.send(&submit(batch(&mut cast, "two", 2, true))).await;
    acked(&mut kept).await;
    let ended = soon(once.next()).await.unwrap_err();
    assert_eq!(ended, Refused { reason: "idle".to_owned(), code: Code::Closed(1000) });
    sleep(2 * IDLE).await;
    kept.send(&submit(batch(&mut cast, "three", 3, false))).await;
    acked(&mut kept).await;
}

#[tokio::test]
async fn a_websocket_with_a_subscription_is_not_idle() {
    let mut cast = Cast::new(1);
    let server = Server::start_with_idle(&cast, IDLE);
    let mut socket = Socket::connect(&server.ws).await;
    let query = Query::Subscribe {
        channel: dmpc::ChannelId::from_bytes([1; 32]),
        cursor: bytes::Bytes::new(),
        from_now: false,
    };
    let transaction = request(&cast, "root", &server.node, &query);
    let subscribe = Some(v1::ReadRequest { transaction });
    socket.send(&ClientFrame { id: 9, subscribe, ..ClientFrame::default() }).await;
    assert!(soon(socket.next()).await.unwrap().events.is_some(), "caught up");
    sleep(2 * IDLE).await;
    socket.send(&submit(batch(&mut cast, "one", 1, false))).await;
    acked(&mut socket).await;
    socket.send(&ClientFrame { id: 9, unsubscribe: true, ..ClientFrame::default() }).await;
    assert_eq!(soon(socket.next()).await.unwrap().error.unwrap().reason, "unsubscribed");
    assert_eq!(soon(socket.next()).await.unwrap_err().reason, "idle");
}

#[tokio::test]
async fn an_idle_stream_of_submissions_ends_well_unless_it_asked_for_keep_alive() {
    let mut cast = Cast::new(1);
    let server = Server::start_with_idle(&cast, IDLE);
    let mut client = grpc_client(&server.grpc).await;
    for (number, keep_alive) in [(1, false), (2, true)] {
        let (send, batches) = tokio::sync::mpsc::channel(4);
        send.send(batch(&mut cast, &number.to_string(), number, keep_alive)).await.unwrap();
        let mut acks = soon(client.submit_stream(ReceiverStream::new(batches))).await.unwrap().into_inner();
        assert!(soon(acks.message()).await.unwrap().is_some());
        if keep_alive {
            sleep(2 * IDLE).await;
            send.send(batch(&mut cast, "again", 9, false)).await.unwrap();
            assert!(soon(acks.message()).await.unwrap().is_some());
        } else {
            assert_eq!(soon(acks.message()).await.unwrap(), None, "an end, not an error");
        }
    }
}

#[tokio::test]
async fn one_submission_over_grpc_ends_after_its_last_update_whatever_it_asked_for() {
    let mut cast = Cast::new(1);
    let server = Server::start_with_idle(&cast, Duration::from_secs(600));
    let mut client = grpc_client(&server.grpc).await;
    for keep_alive in [false, true] {
        let number = 1 + u64::from(keep_alive);
        let batch = batch(&mut cast, &number.to_string(), number, keep_alive);
        let request = v1::SubmitRequest { transaction: batch.items[0].transaction.clone() };
        let mut acks = soon(client.submit(request)).await.unwrap().into_inner();
        assert_eq!(soon(acks.message()).await.unwrap().unwrap().state(), v1::TicketState::Success);
        assert_eq!(soon(acks.message()).await.unwrap(), None);
    }
}
