//! The websocket's opening handshake: a subprotocol is chosen and answered, pages of other origins and anything else get
//! a status and a sentence.

use dmpc::v1::{ClientFrame, NodeInfoRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    client::soon,
    operations::Cast,
    raw_ws::RawSocket,
    server::{Server, node_program},
    socket::Socket,
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
        ("GET /", format!("{UPGRADE}Sec-WebSocket-Protocol: ,\r\n"), "400", "Sec-WebSocket-Protocol: dmpc.v1.proto"),
        ("GET /", format!("{UPGRADE}Sec-WebSocket-Protocol: chat\r\n"), "400", "None of the subprotocols"),
        ("GET /", format!("{UPGRADE}Sec-WebSocket-Protocol: DMPC.V1.JSON\r\n"), "400", "None of the subprotocols"),
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
async fn the_first_subprotocol_of_the_client_that_is_known_is_chosen() {
    let server = Server::start(&Cast::new(1));
    let cases = [
        ("Sec-WebSocket-Protocol: dmpc.v1.json\r\n", "dmpc.v1.json"),
        ("Sec-WebSocket-Protocol: dmpc.v1.json, dmpc.v1.proto\r\n", "dmpc.v1.json"),
        ("Sec-WebSocket-Protocol: dmpc.v1.proto,dmpc.v1.json\r\n", "dmpc.v1.proto"),
        ("Sec-WebSocket-Protocol: dmpc.v2.json, chat\r\nSec-WebSocket-Protocol: dmpc.v1.json\r\n", "dmpc.v1.json"),
    ];
    for (offered, chosen) in cases {
        let answer = ask(&server, "GET /", &format!("{UPGRADE}{offered}")).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 101 "), "{answer}");
        assert_eq!(answer.matches("sec-websocket-protocol:").count(), 1, "{answer}");
        assert!(answer.contains(&format!("sec-websocket-protocol: {chosen}\r\n")), "{answer}");
    }
}

/// The status of a handshake to this host by a page of these origins.
async fn status(server: &Server, host: &str, origins: &[&str]) -> String {
    let lines: String = origins.iter().map(|origin| format!("Origin: {origin}\r\n")).collect();
    let mut stream = TcpStream::connect(&server.ws).await.unwrap();
    let protocol = "Sec-WebSocket-Protocol: dmpc.v1.json\r\n";
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{UPGRADE}{protocol}{lines}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    soon(stream.read_exact(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let mut server = Server::start(&Cast::new(1));
    let own = server.ws.clone();
    for (origins, expected) in [
        (&[][..], "101"),
        (&["http://localhost"], "101"),
        (&["http://localhost:8080"], "101"),
        (&["https://127.0.0.1:8443"], "101"),
        (&["http://[::1]:3000"], "101"),
        (&["http://notes.localhost"], "101"),
        (&["https://example.org"], "403"),
        (&["http://localhost.example.org"], "403"),
        (&["http://127.0.0.1.example.org"], "403"),
        (&["http://localhost@example.org"], "403"),
        (&["http://localhost", "https://example.org"], "403"),
        (&["null"], "403"),
        (&[""], "403"),
        (&["file://"], "403"),
        (&["localhost"], "403"),
    ] {
        assert_eq!(status(&server, &own, origins).await, expected, "{origins:?}");
    }
    // On loopback a name that leads here vouches for nobody: whoever answers for the name may have made it lead here.
    assert_eq!(status(&server, "example.org:64927", &["http://example.org"]).await, "403");
    let mut program = node_program();
    program.env("DMPC_ORIGINS", r#"["https://example.org", "http://example.org:8080"]"#);
    server.restart_as(program).await;
    for (origin, expected) in [
        ("https://example.org", "101"),
        ("https://EXAMPLE.org:443", "101"),
        ("http://example.org:8080", "101"),
        ("http://example.org", "403"),
        ("https://example.org:8080", "403"),
        ("https://www.example.org", "403"),
        ("http://localhost", "101"),
    ] {
        assert_eq!(status(&server, &server.ws, &[origin]).await, expected, "{origin}");
    }
}

#[tokio::test]
async fn pages_of_the_host_that_is_asked_may_connect() {
    let mut server = Server::start(&Cast::new(1));
    server.restart_on_every_address().await;
    for (host, origin, expected) in [
        ("node.example.org:64927", "https://node.example.org", "101"),
        ("node.example.org", "http://NODE.example.org:8080", "101"),
        ("node.example.org:64927", "https://example.org", "403"),
        ("192.0.2.7:64927", "http://192.0.2.7", "101"),
        ("192.0.2.7:64927", "http://192.0.2.8", "403"),
    ] {
        assert_eq!(status(&server, host, &[origin]).await, expected, "{host} {origin}");
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
    // The root.
    assert_eq!((info.users, info.channels), (1, 0));
}

#[tokio::test]
async fn compression_is_not_agreed_on_and_compressed_frames_are_refused() {
    let server = Server::start(&Cast::new(1));
    let headers =
        format!("{UPGRADE}Sec-WebSocket-Protocol: dmpc.v1.proto\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
    let answer = ask(&server, "GET /", &headers).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 101 ") && !answer.contains("sec-websocket-extensions"), "{answer}");
    let mut socket = RawSocket::open(&server.ws).await;
    // The bit that says so (RFC 7692, section 6).
    socket.raw(&[0xc2, 0x80, 0, 0, 0, 0]).await;
    let (kind, payload) = soon(socket.next()).await.unwrap();
    assert_eq!((kind, u16::from_be_bytes([payload[0], payload[1]])), (8, 4400));
    assert!(String::from_utf8_lossy(&payload).contains("websocket_protocol"));
}
