//! HTTP/1.1 by hand, and what gRPC-web puts into it: what a page in a browser sends and sees.

use base64::Engine as _;
use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{client::soon, raw_ws::connect_from};

/// The forms of gRPC-web's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Text,
}

impl Form {
    pub(crate) const ALL: [Self; 2] = [Self::Binary, Self::Text];

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        }
    }

    /// A message as the body of a request.
    pub(crate) fn body(self, message: &impl Message) -> Vec<u8> {
        let mut body = vec![0];
        body.put_u32(message.encoded_len().try_into().unwrap());
        message.encode(&mut body).unwrap();
        match self {
            Self::Binary => body,
            Self::Text => base64::engine::general_purpose::STANDARD.encode(body).into_bytes(),
        }
    }

    fn decode(self, chunk: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Binary => chunk,
            Self::Text => base64::engine::general_purpose::STANDARD.decode(chunk).unwrap(),
        }
    }
}

/// A connection that sends requests one after another.
pub(crate) struct Http(BufReader<TcpStream>);

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    lines: Vec<(String, String)>,
}

impl Head {
    /// A header's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Http {
    pub(crate) async fn connect(address: &str) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Connects from an address of this machine; nothing if the node has no place.
    pub(crate) async fn try_connect_from(own: &str, address: &str) -> Option<Self> {
        connect_from(own, address).await.map(|stream| Self(BufReader::new(stream)))
    }

    /// Sends a request; `headers` are whole lines.
    pub(crate) async fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) {
        self.begin(method, path, headers, body.len(), body).await;
    }

    /// Sends a request whose body is to have so many bytes, and some of them. The node may refuse it meanwhile.
    pub(crate) async fn begin(&mut self, method: &str, path: &str, headers: &str, length: usize, body: &[u8]) {
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: node.example.org\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.0.write_all(head.as_bytes()).await.ok();
        self.0.write_all(body).await.ok();
    }

    /// Sends bytes as they are.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        // A connection that is reset has ended.
        soon(self.0.read_line(&mut line)).await.ok();
        line.trim_end().to_owned()
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> Head {
        self.try_head().await.expect("an answer")
    }

    /// The same; nothing when the node ended the connection.
    pub(crate) async fn try_head(&mut self) -> Option<Head> {
        let status = self.line().await.split(' ').nth(1)?.parse().unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { return Some(Head { status, lines }) };
            lines.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }

    /// The next chunk of a body; nothing when it ended.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&self.line().await, 16).unwrap();
        let mut chunk = vec![0; length];
        soon(self.0.read_exact(&mut chunk)).await.unwrap();
        assert_eq!(self.line().await, "");
        (length > 0).then_some(chunk)
    }

    /// Calls a method of the node; the head of its answer.
    pub(crate) async fn call(&mut self, method: &str, form: Form, origin: &str, message: &impl Message) -> Head {
        let headers = format!(
            "Origin: {origin}\r\nContent-Type: {kind}\r\nAccept: {kind}\r\nX-Grpc-Web: 1\r\n",
            kind = form.content_type()
        );
        self.send("POST", &format!("/dmpc.v1.Node/{method}"), &headers, &form.body(message)).await;
        self.head().await
    }

    /// The frames of the answer, from here on.
    pub(crate) fn frames(&mut self, form: Form) -> Frames<'_> {
        Frames { http: self, form, read: Bytes::new() }
    }

    /// The rest of what comes, until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        soon(self.0.read_to_end(&mut rest)).await.ok();
        String::from_utf8_lossy(&rest).into_owned()
    }
}

/// The frames of one answer.
pub(crate) struct Frames<'a> {
    http: &'a mut Http,
    form: Form,
    read: Bytes,
}

/// One of them.
#[derive(Debug)]
pub(crate) enum Frame {
    Message(Bytes),
    /// The last one: names and values.
    Trailers(Vec<(String, String)>),
}

impl Frames<'_> {
    pub(crate) async fn next(&mut self) -> Frame {
        while self.read.len() < 5 || self.read.len() < 5 + self.length() {
            let chunk = self.http.chunk().await.expect("trailers end an answer");
            self.read = [self.read.as_ref(), &self.form.decode(chunk)].concat().into();
        }
        let (kind, length) = (self.read[0], self.length());
        self.read.advance(5);
        let content = self.read.split_to(length);
        if kind & 0x80 == 0 {
            return Frame::Message(content);
        }
        assert!(self.read.is_empty() && self.http.chunk().await.is_none(), "trailers come last");
        let text = String::from_utf8(content.to_vec()).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        Frame::Trailers(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    fn length(&self) -> usize {
        usize::try_from(u32::from_be_bytes(self.read[1..5].try_into().unwrap())).unwrap()
    }

    /// The next message.
    pub(crate) async fn message<M: Message + Default>(&mut self) -> M {
        match self.next().await {
            Frame::Message(bytes) => M::decode(bytes).unwrap(),
            Frame::Trailers(trailers) => panic!("no message: {trailers:?}"),
        }
    }

    /// What stands at the end.
    pub(crate) async fn trailers(&mut self) -> Vec<(String, String)> {
        match self.next().await {
            Frame::Trailers(trailers) => trailers,
            Frame::Message(_) => panic!("one message more"),
        }
    }
}
