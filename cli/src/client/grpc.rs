//! The gRPC connection.

use std::{io, path::Path};

use bytes::Bytes;
use dmpc::v1::{self, node_client::NodeClient};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{
    Code, Status, Streaming,
    transport::{Channel, Endpoint, Uri},
};
use tonic_types::StatusExt;
use tower::service_fn;

use super::{
    BATCHES_IN_FLIGHT_MAX, Events, MESSAGE_BYTES_MAX, Pipe, Via,
    socket::{self, Address},
};
use crate::error::CliError;

/// A connection over gRPC.
#[derive(Debug)]
pub(super) struct Connection {
    node: NodeClient<Channel>,
}

impl Connection {
    pub(super) async fn open(address: &str, ca: Option<&Path>) -> Result<Self, CliError> {
        let parsed = Address::parse(Via::Grpc, address)?;
        let unreachable = |cause: String| CliError::Unreachable { via: Via::Grpc, address: address.to_owned(), cause };
        // Connected once, here, so that what is wrong is said in our own words; the channel takes the socket over.
        let socket = socket::connect(Via::Grpc, &parsed, ca, b"h2").await?;
        let mut socket = Some(TokioIo::new(socket));
        let taken = service_fn(move |_: Uri| {
            let socket = socket.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
            async move { socket }
        });
        let scheme = if parsed.is_secure { "https" } else { "http" };
        let origin = Uri::builder().scheme(scheme).authority(parsed.authority.as_str()).path_and_query("/").build();
        let origin = origin.map_err(|error| CliError::Usage(format!("--grpc '{address}': {error}")))?;
        let endpoint = Endpoint::from_shared(format!("http://{}", parsed.authority))
            .map_err(|error| CliError::Usage(format!("--grpc '{address}' is no HOST:PORT: {error}")))?
            .origin(origin);
        let channel = endpoint.connect_with_connector(taken).await.map_err(|error| unreachable(root_cause(&error)))?;
        let node = NodeClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Self { node })
    }

    pub(super) async fn node_info(&mut self, request: v1::NodeInfoRequest) -> Result<v1::NodeInfoResponse, CliError> {
        Ok(self.node.node_info(request).await.map_err(from_status)?.into_inner())
    }

    /// From the header `date`, which every answer has (RFC 9110, 6.6.1).
    pub(super) async fn time_seconds(&mut self) -> Result<Option<i64>, CliError> {
        let answer = self.node.node_info(v1::NodeInfoRequest::default()).await.map_err(from_status)?;
        let date = answer.metadata().get("date").and_then(|date| date.to_str().ok());
        let parsed = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        Ok(parsed.map(|zoned| zoned.timestamp().as_second()))
    }

    pub(super) async fn users(&mut self, transaction: Bytes) -> Result<v1::ReadUsersResponse, CliError> {
        Ok(self.node.read_users(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner())
    }

    pub(super) async fn channel(&mut self, transaction: Bytes) -> Result<v1::ReadChannelResponse, CliError> {
        Ok(self.node.read_channel(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner())
    }

    pub(super) async fn channels(&mut self, transaction: Bytes) -> Result<v1::ListChannelsResponse, CliError> {
        Ok(self.node.list_channels(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner())
    }

    pub(super) async fn messages(&mut self, transaction: Bytes) -> Result<v1::ReadMessagesResponse, CliError> {
        Ok(self.node.read_messages(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner())
    }

    pub(super) async fn keys(&mut self, transaction: Bytes) -> Result<v1::ReadKeysResponse, CliError> {
        Ok(self.node.read_keys(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner())
    }

    pub(super) async fn subscribe(&mut self, transaction: Bytes) -> Result<Events, CliError> {
        let stream = self.node.subscribe(v1::ReadRequest { transaction }).await.map_err(from_status)?.into_inner();
        let (sender, receiver) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        tokio::spawn(async move {
            forward(stream, &sender).await;
            let ended = CliError::Disconnected("the node ended the subscription".to_owned());
            // Nobody listens any more when this fails, and that is how a subscription ends.
            drop(sender.send(Err(ended)).await);
        });
        Ok(receiver)
    }

    pub(super) async fn pipe(&mut self) -> Result<Pipe, CliError> {
        let (batches, outgoing) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let (sender, acks) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let mut node = self.node.clone();
        // Not awaited here: a node may answer a stream only after its first batch.
        tokio::spawn(async move {
            match node.submit_stream(ReceiverStream::new(outgoing)).await {
                Ok(answer) => forward(answer.into_inner(), &sender).await,
                // Nobody waits for acks any more when this fails.
                Err(status) => drop(sender.send(Err(from_status(status))).await),
            }
        });
        Ok(Pipe { batches, acks })
    }
}

/// Hands on what comes until it ends, fails, or nobody wants it.
async fn forward<T>(mut stream: Streaming<T>, sender: &mpsc::Sender<Result<T, CliError>>) {
    while let Some(item) = stream.next().await {
        let failed = item.is_err();
        if sender.send(item.map_err(from_status)).await.is_err() || failed {
            return;
        }
    }
}

/// The node's own words where it sent them; else what the transport says.
fn from_status(status: Status) -> CliError {
    if let Some(info) = status.get_details_error_info() {
        return CliError::Node { reason: info.reason.to_ascii_lowercase(), detail: status.message().to_owned() };
    }
    let text = if status.message().is_empty() { status.code().description() } else { status.message() };
    // What the node sent has no cause here; a broken connection has one, whatever the code.
    let is_own = std::error::Error::source(&status).is_some();
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::Unknown => CliError::Disconnected(text.to_owned()),
        _ if is_own => CliError::Disconnected(text.to_owned()),
        code => CliError::Node { reason: snake_case(&format!("{code:?}")), detail: text.to_owned() },
    }
}

fn snake_case(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for character in camel.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// The innermost cause: "connection refused" says more than "transport error".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
