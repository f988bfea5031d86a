//! The websocket's opening handshake: the subprotocol is answered, anything else gets a status and a sentence.

use dmpc::v1::{ClientFrame, NodeInfoRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    client::{Socket, soon},
    operations::Cast,
    server::Server,
};

const UPGRADE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/// The whole answer to a request that is not a websocket.
async fn ask(server: &Server, line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(&server.ws).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nHost: node\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = soon(stream.read(&mut answer)).await.unwrap();
    answer.truncate(read);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_is_no_websocket_of_ours_gets_a_status_and_a_sentence() {
    let server = Server::start(&Cast::new(1));
    let other_version = UPGRADE.replace("13", "8");
    let protocol = "Sec-WebSocket-Protocol: dmpc.v1.proto\r\n";
    let cases = [
        ("GET /", String::new(), "426", "This is a websocket"),
        ("GET /", UPGRADE.to_owned(), "400", "Sec-WebSocket-Protocol: dmpc.v1.proto"),
        ("GET /", format!("{UPGRADE}Sec-WebSocket-Protocol: chat\r\n"), "400", "Sec-WebSocket-Protocol: dmpc.v1.proto"),
        ("GET /", format!("{other_version}{protocol}"), "426", "version 13"),
        ("GET /elsewhere", format!("{UPGRADE}{protocol}"), "404", "at '/'"),
        ("POST /", format!("{UPGRADE}{protocol}"), "405", "GET"),
    ];
    for (line, headers, status, sentence) in cases {
        let answer = ask(&server, line, &headers).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(sentence), "{answer}");
    }
}

#[tokio::test]
async fn a_subprotocol_among_others_is_chosen() {
    let server = Server::start(&Cast::new(1));
    let headers = format!("{UPGRADE}Sec-WebSocket-Protocol: chat, dmpc.v1.proto\r\n");
    let answer = ask(&server, "GET /", &headers).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(answer.contains("sec-websocket-protocol: dmpc.v1.proto\r\n"), "{answer}");
    // RFC 6455, section 4.2.2: the key and a fixed text, hashed.
    assert!(answer.contains("sec-websocket-accept: icx+yqv66kxgm0fcwalwlflwtai=\r\n"), "{answer}");
}

#[tokio::test]
async fn both_front_ends_say_the_same_of_the_node() {
    let server = Server::start(&Cast::new(1));
    let mut socket = Socket::connect(&server.ws).await;
    let ask = ClientFrame { id: 5, node_info: Some(NodeInfoRequest::default()), ..ClientFrame::default() };
    socket.send(&ask).await;
    let frame = soon(socket.next()).await.unwrap();
    let info = server.info().await;
    assert_eq!((frame.id, frame.node_info.unwrap()), (5, info.clone()));
    assert_eq!(info.node, server.node.as_bytes().as_slice());
    assert_eq!((info.accepts_open, info.ruleset, info.operations, info.roots.len()), (true, 1, 0, 1));
}
