//! Websocket with frames that are encoded already.

use anyhow::{Context, Result, bail};
use dmpc::v1::ServerFrame;
use futures::{Stream, StreamExt};
use prost::Message as _;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// Bytes of the buffers of a connection; there may be a thousand.
const BUFFER: usize = 16 * 1024;

/// A connection.
pub(super) async fn connect(address: &str) -> Result<WebSocketStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let mut request = format!("ws://{address}/").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "dmpc.v1.proto".parse()?);
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let (stream, _) = client_async_with_config(request, tcp, Some(config)).await?;
    Ok(stream)
}

/// The next frame of the node.
pub(super) async fn next(
    stream: &mut (impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin),
) -> Result<ServerFrame> {
    loop {
        match stream.next().await.context("the websocket ended")?? {
            Message::Binary(bytes) => return Ok(ServerFrame::decode(bytes)?),
            Message::Ping(_) | Message::Pong(_) => {}
            other => bail!("the node sent {other:?}"),
        }
    }
}
