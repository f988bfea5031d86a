//! One connection to a node, the same over gRPC and over websocket. Bytes in, bytes out: nothing is signed, sealed or opened here.
//!
//! Answers and events of one connection come through one socket: a subscription or a pipe that is not drained holds up
//! the others. A command that asks while it listens opens a second connection.

mod grpc;
mod pipe_route;
mod routes;
mod socket;
mod ws;

use std::{fmt, path::Path};

use bytes::Bytes;
use dmpc::v1;
use tokio::sync::mpsc;

use crate::error::CliError;

/// Seconds to wait for a connection.
const CONNECT_SECONDS_MAX: u64 = 10;
/// Bytes of one message from the node: a page with its seal, with room to spare.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Batches on their way between a command and its connection, in each direction.
const BATCHES_IN_FLIGHT_MAX: usize = 16;

/// The front end of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Via {
    /// gRPC
    Grpc,
    /// websocket, binary frames
    Ws,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "gRPC",
            Self::Ws => "websocket",
        })
    }
}

/// One connection.
#[derive(Debug)]
pub struct Client(Inner);

#[derive(Debug)]
enum Inner {
    Grpc(grpc::Connection),
    Ws(ws::Connection),
}

/// Pipelined submission; both channels are bounded; the connection's order is kept. Dropping `batches` ends it cleanly after
/// the last ack. Who sends must drain `acks` at the same time, or both sides come to wait.
#[derive(Debug)]
pub struct Pipe {
    /// To the node.
    pub batches: mpsc::Sender<v1::SubmitBatch>,
    /// From the node.
    pub acks: mpsc::Receiver<Result<v1::AckBatch, CliError>>,
}

/// Events of a subscription; an error is the last thing that comes.
pub type Events = mpsc::Receiver<Result<v1::EventBatch, CliError>>;

/// Asks over whichever front end the connection has.
macro_rules! ask {
    ($self:ident, $method:ident $(, $argument:ident)?) => {
        match &mut $self.0 {
            Inner::Grpc(connection) => connection.$method($($argument)?).await,
            Inner::Ws(connection) => connection.$method($($argument)?).await,
        }
    };
}

impl Client {
    /// Connects to `HOST:PORT`, with a scheme before it where it speaks TLS (`https`, `wss`). `ca` is a file of
    /// certificates to trust instead of the system's.
    ///
    /// # Errors
    /// [`CliError::Unreachable`]; [`CliError::Usage`] for an address or a file that is none.
    pub async fn connect(via: Via, address: &str, ca: Option<&Path>) -> Result<Self, CliError> {
        Ok(Self(match via {
            Via::Grpc => Inner::Grpc(grpc::Connection::open(address, ca).await?),
            Via::Ws => Inner::Ws(ws::Connection::open(address, ca).await?),
        }))
    }

    /// Who the node is.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn node_info(&mut self, request: v1::NodeInfoRequest) -> Result<v1::NodeInfoResponse, CliError> {
        ask!(self, node_info, request)
    }

    /// What time it is at the node, in seconds since 1970, as its front end says; `None` where it does not.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn time_seconds(&mut self) -> Result<Option<i64>, CliError> {
        match &mut self.0 {
            Inner::Grpc(connection) => connection.time_seconds().await,
            Inner::Ws(_) => Ok(None),
        }
    }

    /// Runs a request for users.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn users(&mut self, transaction: Bytes) -> Result<v1::ReadUsersResponse, CliError> {
        ask!(self, users, transaction)
    }

    /// Runs a request for one channel.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn channel(&mut self, transaction: Bytes) -> Result<v1::ReadChannelResponse, CliError> {
        ask!(self, channel, transaction)
    }

    /// Runs a request for channels.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn channels(&mut self, transaction: Bytes) -> Result<v1::ListChannelsResponse, CliError> {
        ask!(self, channels, transaction)
    }

    /// Runs a request for messages.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn messages(&mut self, transaction: Bytes) -> Result<v1::ReadMessagesResponse, CliError> {
        ask!(self, messages, transaction)
    }

    /// Runs a request for the keys of a user.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn keys(&mut self, transaction: Bytes) -> Result<v1::ReadKeysResponse, CliError> {
        ask!(self, keys, transaction)
    }

    /// Starts a subscription; dropping the receiver ends it.
    ///
    /// # Errors
    /// [`CliError::Node`], [`CliError::Disconnected`].
    pub async fn subscribe(&mut self, transaction: Bytes) -> Result<Events, CliError> {
        ask!(self, subscribe, transaction)
    }

    /// Starts pipelined submission; at most one pipe a connection.
    ///
    /// # Errors
    /// [`CliError::Disconnected`]
    pub async fn pipe(&mut self) -> Result<Pipe, CliError> {
        ask!(self, pipe)
    }
}
