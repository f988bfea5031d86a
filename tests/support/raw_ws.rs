//! A websocket by hand: what no library would send.

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::client::soon;

/// The head of a binary frame of a client, whose mask is zero (RFC 6455, section 5.2).
pub(crate) fn binary_head(length: u64) -> Vec<u8> {
    [&[0x82, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4]].concat()
}

/// A websocket that is open.
pub(crate) struct RawSocket {
    pub(crate) read: OwnedReadHalf,
    pub(crate) write: OwnedWriteHalf,
}

impl RawSocket {
    pub(crate) async fn open(address: &str) -> Self {
        Self::open_from("127.0.0.1", address).await
    }

    /// The same, from an address of this machine.
    pub(crate) async fn open_from(own: &str, address: &str) -> Self {
        Self::try_open_from(own, address).await.expect("a websocket")
    }

    /// The same, unless the node has no place for it.
    pub(crate) async fn try_open_from(own: &str, address: &str) -> Option<Self> {
        let (mut read, mut write) = connect_from(own, address).await?.into_split();
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                       Sec-WebSocket-Protocol: dmpc.v1.proto\r\n\r\n";
        write.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(soon(read.read_u8()).await.ok()?);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
        Some(Self { read, write })
    }

    /// Sends bytes as they are. The node may have closed the connection already; then what comes says why.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.ok();
    }

    /// Sends a binary message.
    pub(crate) async fn send(&mut self, message: &[u8]) {
        self.raw(&[binary_head(message.len().try_into().unwrap()), message.to_vec()].concat()).await;
    }

    /// The next frame of the node: its opcode and what it holds; nothing when the connection ended. Not to be dropped while
    /// a frame arrives.
    pub(crate) async fn next(&mut self) -> Option<(u8, Bytes)> {
        let kind = self.read.read_u8().await.ok()? & 0x0f;
        let length = match self.read.read_u8().await.ok()? {
            126 => u64::from(self.read.read_u16().await.ok()?),
            127 => self.read.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.read.read_exact(&mut payload).await.ok()?;
        Some((kind, payload.into()))
    }
}

/// Connects from an address of this machine; nothing if the node has no place.
pub(crate) async fn connect_from(own: &str, address: &str) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{own}:0").parse().unwrap()).unwrap();
    soon(socket.connect(address.parse().unwrap())).await.ok()
}
