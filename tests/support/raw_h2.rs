//! HTTP/2 by hand, frame by frame (RFC 9113): what no library would send.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::client::soon;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
/// Flags.
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
/// Errors.
const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame's bytes.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call, without any compression (RFC 7541).
fn call(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in
        [(":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")]
    {
        block.push(0);
        for text in [name, value] {
            block.push(text.len().try_into().unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// A client that greeted.
pub(crate) struct RawH2 {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    /// The next stream.
    next: u32,
}

impl RawH2 {
    pub(crate) async fn connect(address: &str) -> Self {
        let (read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        write.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(SETTINGS, ACK, 0, &[])].concat()).await.unwrap();
        Self { read, write, next: 1 }
    }

    /// Calls the node so many times and takes each call back at once; says whether the node still listens.
    pub(crate) async fn call_and_reset(&mut self, times: u32) -> bool {
        let block = call("/dmpc.v1.Node/NodeInfo");
        let mut bytes = Vec::new();
        for _ in 0..times {
            bytes.extend(frame(HEADERS, END_HEADERS, self.next, &block));
            bytes.extend(frame(RST_STREAM, 0, self.next, &CANCEL.to_be_bytes()));
            self.next += 2;
        }
        self.write.write_all(&bytes).await.is_ok()
    }

    /// Begins the headers of a call and never ends them; says whether the node still listens.
    pub(crate) async fn headers_without_end(&mut self, continuations: u32) -> bool {
        let mut bytes = frame(HEADERS, 0, self.next, &call("/dmpc.v1.Node/NodeInfo"));
        for _ in 0..continuations {
            // A header of its own.
            bytes.extend(frame(CONTINUATION, 0, self.next, b"\x00\x01x\x01y"));
        }
        self.write.write_all(&bytes).await.is_ok()
    }

    /// Sends half of the head of a frame, and no more.
    pub(crate) async fn half_a_frame(&mut self) {
        self.write.write_all(&[0, 0, 50, HEADERS]).await.unwrap();
    }

    /// Reads until the node ends the connection; the error that it names, if it names one.
    pub(crate) async fn ended(&mut self) -> Option<u32> {
        let mut named = None;
        loop {
            let mut head = [0; 9];
            if soon(self.read.read_exact(&mut head)).await.is_err() {
                return named;
            }
            let length = usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).unwrap();
            let mut payload = vec![0; length];
            if soon(self.read.read_exact(&mut payload)).await.is_err() {
                return named;
            }
            if head[3] == GOAWAY {
                named = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
            }
        }
    }
}
