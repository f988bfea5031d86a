//! Greetings that dribble: each is cut when its time is over, however steadily it comes.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{scene::Scene, tls::Certificates};
use crate::support::{
    operations::Cast,
    server::{Server, node_program},
};

/// Between two bytes.
const DRIBBLE: Duration = Duration::from_millis(100);
/// What the node gives, twice over, and some.
const PATIENCE: Duration = Duration::from_secs(6);

/// Sends a byte now and then, and says whether the node ended the connection before the last one.
async fn is_cut(address: &str, greeting: &[u8]) -> bool {
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let sending = async {
        for byte in greeting {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(DRIBBLE).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = async {
        let mut told = Vec::new();
        // A reset is an end, too.
        read.read_to_end(&mut told).await.ok();
    };
    let cut = async {
        tokio::select! {
            () = ended => {}
            () = sending => {}
        }
    };
    timeout(PATIENCE, cut).await.is_ok()
}

#[tokio::test]
async fn a_greeting_that_dribbles_is_cut() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.env("DMPC_LIMITS_GREETING_SECONDS", "1");
    scene.server.restart_as(program).await;
    let (grpc, ws) = (scene.server.grpc.clone(), scene.server.ws.clone());
    let upgrade = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    let call = "POST /dmpc.v1.Node/NodeInfo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc-web\r\n\r\n";
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let (greetings, names): (Vec<_>, Vec<_>) = [
        ((&ws, upgrade), "the upgrade to a websocket"),
        ((&grpc, call), "the head of a call of gRPC-web"),
        ((&grpc, preface), "the preface of HTTP/2"),
    ]
    .into_iter()
    .unzip();
    let cut = futures::future::join_all(greetings.iter().map(|(address, text)| is_cut(address, text.as_bytes()))).await;
    assert!(cut.iter().all(|cut| *cut), "{names:?}: {cut:?}");
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_tls_handshake_that_dribbles_is_cut() {
    let certificates = Certificates::new();
    let mut server = Server::start(&Cast::new(1));
    let mut program = certificates.program();
    program.env("DMPC_LIMITS_GREETING_SECONDS", "1");
    server.restart_as(program).await;
    // The head of a client's greeting of 512 bytes, and random bytes of it.
    let greeting = [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03][..], &[7; 100]].concat();
    for address in [&server.grpc, &server.ws] {
        assert!(is_cut(address, &greeting).await, "{address}");
    }
}
