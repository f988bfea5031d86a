//! Websockets of clients, under each subprotocol.

use dmpc::{
    v1::{self, ClientFrame, ServerFrame},
    wire::json,
};
use futures::{SinkExt, StreamExt};
use prost::Message as _;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::client::{Code, Refused, is_final, soon};

/// The subprotocols of websocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subprotocol {
    Proto,
    Json,
}

impl Subprotocol {
    pub(crate) const ALL: [Self; 2] = [Self::Proto, Self::Json];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Proto => "dmpc.v1.proto",
            Self::Json => "dmpc.v1.json",
        }
    }

    fn encode(self, frame: &ClientFrame) -> Message {
        match self {
            Self::Proto => Message::Binary(frame.encode_to_vec().into()),
            Self::Json => Message::text(json::encode(frame).unwrap()),
        }
    }

    /// A frame of the node; `None` for what is none.
    fn decode(self, message: &Message) -> Option<ServerFrame> {
        match (self, message) {
            (Self::Proto, Message::Binary(bytes)) => Some(ServerFrame::decode(bytes.clone()).unwrap()),
            (Self::Json, Message::Text(text)) => Some(json::decode(text.as_bytes(), usize::MAX).unwrap()),
            _ => None,
        }
    }
}

/// A websocket under one of its subprotocols.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    subprotocol: Subprotocol,
}

impl Socket {
    pub(crate) async fn connect(address: &str) -> Self {
        Self::connect_as(address, Subprotocol::Proto).await
    }

    pub(crate) async fn connect_as(address: &str, subprotocol: Subprotocol) -> Self {
        let tcp = soon(TcpStream::connect(address)).await.unwrap();
        Self::open(tcp, address, subprotocol, WebSocketConfig::default()).await
    }

    /// With buffers of 4 KiB, because there will be thousands; on a connection that is there already.
    pub(crate) async fn on(tcp: TcpStream, address: &str) -> Self {
        let small = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(4_096);
        Self::open(tcp, address, Subprotocol::Proto, small).await
    }

    /// The same, on a connection of its own.
    pub(crate) async fn connect_small(address: &str) -> Self {
        Self::on(soon(TcpStream::connect(address)).await.unwrap(), address).await
    }

    async fn open(tcp: TcpStream, address: &str, subprotocol: Subprotocol, config: WebSocketConfig) -> Self {
        let mut request = format!("ws://{address}/").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", subprotocol.name().parse().unwrap());
        let opened = soon(client_async_with_config(request, tcp, Some(config))).await;
        let (stream, response) = opened.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], subprotocol.name());
        Self { stream, subprotocol }
    }

    pub(crate) async fn send(&mut self, frame: &ClientFrame) {
        self.send_message(self.subprotocol.encode(frame)).await;
    }

    /// Sends anything. The node may have closed the connection already; then what comes says why.
    pub(crate) async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.ok();
    }

    /// The next frame; why there is none.
    pub(crate) async fn next(&mut self) -> Result<ServerFrame, Refused> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(Some(close)))) => {
                    let (reason, detail) = close.reason.split_once(": ").unwrap();
                    assert!(!detail.is_empty());
                    return Err(Refused { reason: reason.to_owned(), code: Code::Closed(close.code.into()) });
                }
                Some(Ok(message)) => return Ok(self.subprotocol.decode(&message).expect("a frame of the subprotocol")),
                other => panic!("the websocket ended without a reason: {other:?}"),
            }
        }
    }

    /// The next text, as it came.
    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    pub(super) async fn submit(
        &mut self,
        frames: Vec<ClientFrame>,
        expected: usize,
    ) -> (Vec<v1::Ack>, Option<Refused>) {
        let subprotocol = self.subprotocol;
        let (mut sink, mut stream) = (&mut self.stream).split();
        let send = async {
            for frame in frames {
                // The node may have closed the connection already.
                sink.send(subprotocol.encode(&frame)).await.ok();
            }
        };
        let receive = async {
            let mut acks: Vec<v1::Ack> = Vec::new();
            while acks.iter().filter(|ack| is_final(ack)).count() < expected {
                match stream.next().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(Some(close)))) => {
                        let reason = close.reason.split_once(": ").unwrap().0.to_owned();
                        return (acks, Some(Refused { reason, code: Code::Closed(close.code.into()) }));
                    }
                    Some(Ok(message)) => {
                        let frame = subprotocol.decode(&message).expect("a frame of the subprotocol");
                        acks.extend(frame.acks.unwrap().acks);
                    }
                    other => panic!("the websocket ended without a reason: {other:?}"),
                }
            }
            (acks, None)
        };
        futures::join!(send, receive).1
    }
}
