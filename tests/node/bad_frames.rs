//! Frames that are no frames: the stream ends with the same typed reason on both front ends, after everything accepted
//! before is answered.

use bytes::Bytes;
use dmpc::v1::{self, ClientFrame};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame, FrameHeader,
        coding::{Control, OpCode},
    },
};

use super::scene::Scene;
use crate::support::{
    client::{Client, Code, Refused, Via, items, soon, transaction},
    raw_grpc,
    socket::{Socket, Subprotocol},
};

const INVALID: Code = Code::Grpc(tonic::Code::InvalidArgument);

fn refused(reason: &str, code: Code) -> Option<Refused> {
    Some(Refused { reason: reason.to_owned(), code })
}

async fn socket(scene: &Scene, subprotocol: Subprotocol) -> Socket {
    Socket::connect_as(&scene.server.ws, subprotocol).await
}

/// Why a websocket ends after this message.
async fn end_after(scene: &Scene, subprotocol: Subprotocol, message: Message) -> Option<Refused> {
    let mut socket = socket(scene, subprotocol).await;
    socket.send_message(message).await;
    soon(socket.next()).await.err()
}

#[tokio::test]
async fn a_batch_over_a_limit_ends_the_stream_after_what_was_accepted() {
    let mut scene = Scene::new().await;
    let many = items(100, vec![Bytes::from_static(b"x"); 257]);
    let half: Bytes = vec![0; 512 * 1024 + 1].into();
    let large = items(100, vec![half.clone(), half]);
    for (batch, reason) in [(many, "batch_items"), (large, "batch_bytes")] {
        for via in Via::ALL {
            let code = via.ended(tonic::Code::InvalidArgument, 4413);
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
    for via in Via::ALL {
        let code = via.ended(tonic::Code::InvalidArgument, 4413);
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
    let ended = end_after(&scene, Subprotocol::Proto, Message::Binary(Bytes::from_static(GARBAGE))).await;
    assert_eq!(ended, refused("undecodable", Code::Closed(4400)));
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
        for subprotocol in Subprotocol::ALL {
            let mut socket = socket(&scene, subprotocol).await;
            socket.send(&frame).await;
            assert_eq!(soon(socket.next()).await.err(), refused("not_one_field", Code::Closed(4400)));
        }
    }
}

#[tokio::test]
async fn a_frame_of_the_other_subprotocol_ends_the_websocket() {
    let scene = Scene::new().await;
    let text = end_after(&scene, Subprotocol::Proto, Message::text("{}")).await;
    assert_eq!(text, refused("text_frame", Code::Closed(4400)));
    let binary = end_after(&scene, Subprotocol::Json, Message::Binary(Bytes::from_static(b"{}"))).await;
    assert_eq!(binary, refused("binary_frame", Code::Closed(4400)));
}

#[tokio::test]
async fn a_text_that_is_no_frame_ends_the_websocket() {
    let mut scene = Scene::new().await;
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let cases = [
        ("{", "truncated", 4400),
        ("hello", "not_json", 4400),
        ("[]", "bad_value", 4400),
        ("{} {}", "trailing_bytes", 4400),
        (r#"{"id":1,"\u0069d":2}"#, "duplicate_key", 4400),
        (r#"{"read":{"transaction":"","transaction":""}}"#, "duplicate_key", 4400),
        (r#"{"nodeInfo":{},"node_info":{}}"#, "duplicate_key", 4400),
        (r#"{"hello":{}}"#, "unknown_field", 4400),
        (r#"{"read":{"transaction":"not base64"}}"#, "bad_value", 4400),
        (r#"{"id":18446744073709551616,"nodeInfo":{}}"#, "bad_value", 4400),
        (r#"{"id":"\ud800"}"#, "lone_surrogate", 4400),
        ("{}", "not_one_field", 4400),
        (&deep, "too_deep", 4413),
    ];
    for (text, reason, code) in cases {
        let ended = end_after(&scene, Subprotocol::Json, Message::text(text)).await;
        assert_eq!(ended, refused(reason, Code::Closed(code)), "{text}");
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_frame_that_breaks_the_rules_of_websocket_ends_it() {
    let mut scene = Scene::new().await;
    for subprotocol in Subprotocol::ALL {
        let mut socket = socket(&scene, subprotocol).await;
        // RFC 6455, section 5.4: control frames are not fragmented.
        let header = FrameHeader { is_final: false, opcode: OpCode::Control(Control::Ping), ..FrameHeader::default() };
        socket.send_message(Message::Frame(Frame::from_payload(header, Bytes::from_static(b"half")))).await;
        assert_eq!(soon(socket.next()).await.err(), refused("websocket_protocol", Code::Closed(4400)));
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_full_batch_fits_into_a_frame() {
    let scene = Scene::new().await;
    // 256 transactions of 1 MiB together, with ids as long as they get. They are no transactions, which shows later.
    let full = items(u64::MAX - 300, vec![Bytes::from(vec![0; 4_096]); 256]);
    for via in Via::ALL {
        let (acks, ended) = scene.client(via).await.submit_batches(vec![full.clone()]).await;
        assert_eq!((acks.len(), ended), (256, None), "{via:?}");
    }
}
