//! Frames that are no frames: the stream ends with the same typed reason on both front ends, after everything accepted
//! before is answered.

use bytes::Bytes;
use dmpc::v1::{self, ClientFrame};
use tokio_tungstenite::tungstenite::Message;

use super::scene::Scene;
use crate::support::{
    client::{Client, Code, Refused, Socket, Via, items, soon, transaction},
    raw_grpc,
};

const INVALID: Code = Code::Grpc(tonic::Code::InvalidArgument);

fn refused(reason: &str, code: Code) -> Option<Refused> {
    Some(Refused { reason: reason.to_owned(), code })
}

async fn socket(scene: &Scene) -> Socket {
    Socket::connect(&scene.server.ws).await
}

#[tokio::test]
async fn a_batch_over_a_limit_ends_the_stream_after_what_was_accepted() {
    let mut scene = Scene::new().await;
    let many = items(100, vec![Bytes::from_static(b"x"); 257]);
    let half: Bytes = vec![0; 512 * 1024 + 1].into();
    let large = items(100, vec![half.clone(), half]);
    for (batch, reason) in [(many, "batch_items"), (large, "batch_bytes")] {
        for (via, code) in Via::BOTH.into_iter().zip([INVALID, Code::Closed(4413)]) {
            let good = items(1, [transaction(&[&scene.message("bob", "before")])]);
            let mut client = scene.client(via).await;
            let (acks, ended) = client.submit_batches(vec![good, batch.clone()]).await;
            assert_eq!(ended, refused(reason, code));
            let answered: Vec<_> = acks.iter().map(|ack| (ack.client_id, ack.state())).collect();
            assert_eq!(answered, [(1, v1::TicketState::Success)]);
        }
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn an_overlong_frame_ends_the_stream() {
    let mut scene = Scene::new().await;
    let overlong = items(1, [vec![0; 3 * 1024 * 1024].into()]);
    for (via, code) in Via::BOTH.into_iter().zip([INVALID, Code::Closed(4413)]) {
        let (acks, ended) = scene.client(via).await.submit_batches(vec![overlong.clone()]).await;
        assert_eq!((acks, ended), (Vec::new(), refused("frame_too_large", code)));
    }
    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    let transaction: Bytes = vec![0; 3 * 1024 * 1024].into();
    let submit = client.submit(v1::SubmitRequest { transaction: transaction.clone() }).await.unwrap_err();
    assert_eq!(Some(submit.into()), refused("frame_too_large", INVALID));
    let read = client.read_users(v1::ReadRequest { transaction }).await.unwrap_err();
    assert_eq!(Some(read.into()), refused("frame_too_large", INVALID));
    scene.assert_node_goes_on().await;
}

/// Bytes that are no protobuf.
const GARBAGE: &[u8] = b"\xff\xff\xff\xff";

#[tokio::test]
async fn a_frame_that_is_no_protobuf_ends_the_stream() {
    let mut scene = Scene::new().await;
    let mut socket = socket(&scene).await;
    socket.send_message(Message::Binary(Bytes::from_static(GARBAGE))).await;
    assert_eq!(soon(socket.next()).await.err(), refused("undecodable", Code::Closed(4400)));
    for call in ["Submit", "SubmitStream", "ReadUsers"] {
        let path = format!("/dmpc.v1.Node/{call}");
        let status = raw_grpc::call(&scene.server.grpc, &path, GARBAGE).await.unwrap_err();
        assert_eq!(Some(status.into()), refused("undecodable", INVALID), "{call}");
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_websocket_frame_has_exactly_one_field() {
    let scene = Scene::new().await;
    let none = ClientFrame { id: 1, ..ClientFrame::default() };
    let two = ClientFrame { unsubscribe: true, node_info: Some(v1::NodeInfoRequest::default()), ..none.clone() };
    for frame in [none, two] {
        let mut socket = socket(&scene).await;
        socket.send(&frame).await;
        assert_eq!(soon(socket.next()).await.err(), refused("not_one_field", Code::Closed(4400)));
    }
}

#[tokio::test]
async fn a_text_frame_ends_the_websocket() {
    let scene = Scene::new().await;
    let mut socket = socket(&scene).await;
    socket.send_message(Message::text("{}")).await;
    assert_eq!(soon(socket.next()).await.err(), refused("text_frame", Code::Closed(4400)));
}
