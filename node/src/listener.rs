//! Accepting connections: bounded in number, without Nagle's delay, until the node stops. Both front ends use it.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use dmpc_storage::outcome::Source;
use futures::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};
use tokio_rustls::{Accept, TlsAcceptor, rustls::ServerConfig, server::TlsStream};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::{
    config::{ACCEPT_PAUSE, Limits},
    lifecycle::Lifecycle,
    places::{Place, Places, neighbour},
};

/// Where a submission or request came from, and what its listener allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Whom to count what waits against.
    pub source: Source,
    /// Whether transactions need not be sealed.
    pub accepts_open: bool,
}

impl Origin {
    /// What a peer of this listener is taken for.
    pub fn new(peer: Option<SocketAddr>, accepts_open: bool) -> Self {
        Self { source: Source(peer.map(|peer| neighbour(peer.ip())).unwrap_or_default()), accepts_open }
    }
}

/// Bytes after which a client has greeted: the preface of HTTP/2 and the head of its first frame (RFC 9113, section 3.4).
/// No request of HTTP/1.1 that opens a websocket is shorter; for the rest of its head the server waits no longer either.
const GREETING_BYTES: usize = 24 + 9;

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    places: Places,
    greeting: Duration,
}

impl Listener {
    /// Binds an address; connections are encrypted if there is `tls`.
    ///
    /// # Errors
    /// What the system says.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, limits: &Limits) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let address = tcp.local_addr()?;
        let places = Places::new(limits.connections, limits.connections_per_address);
        Ok(Self { tcp, address, tls, places, greeting: Limits::seconds(limits.greeting_seconds) })
    }

    /// The address with the port that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether transactions that are not sealed are taken here: only what never leaves the machine.
    pub fn accepts_open(&self) -> bool {
        self.address.ip().is_loopback()
    }

    /// The connections as they come; ends when the node does.
    pub fn connections(self, lifecycle: Lifecycle) -> impl Stream<Item = Connection> {
        let door =
            Door { tcp: self.tcp, tls: self.tls.map(TlsAcceptor::from), places: self.places, greeting: self.greeting };
        futures::stream::unfold((door, lifecycle), |(door, lifecycle)| async move {
            let connection = tokio::select! {
                biased;
                _ = lifecycle.interrupted() => return None,
                connection = door.accept() => connection?,
            };
            Some((connection, (door, lifecycle)))
        })
    }
}

/// Where connections come in.
struct Door {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    places: Places,
    greeting: Duration,
}

impl Door {
    async fn accept(&self) -> Option<Connection> {
        loop {
            let slot = self.places.slot().await?;
            match self.tcp.accept().await {
                Ok((stream, peer)) => match self.places.take(peer, slot) {
                    Some(place) => return Some(self.let_in(stream, peer, place)),
                    None => tracing::debug!(%peer, "closed: its address has as many connections as it may have"),
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn let_in(&self, stream: TcpStream, peer: SocketAddr, place: Place) -> Connection {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "no TCP_NODELAY");
        }
        let local = stream.local_addr().ok();
        let stream = match &self.tls {
            None => Stage::Plain(stream),
            Some(tls) => Stage::Handshake(Box::new(tls.accept(stream))),
        };
        Connection {
            stream,
            peer,
            local,
            greeting: Some(Box::pin(sleep(self.greeting))),
            missing: GREETING_BYTES,
            _place: place,
        }
    }
}

/// An accepted connection; holds its place among the listener's connections.
#[derive(Debug)]
pub struct Connection {
    stream: Stage,
    peer: SocketAddr,
    local: Option<SocketAddr>,
    /// Runs until the client has greeted: who connects and says nothing, or half of a greeting, or is slow to agree on TLS,
    /// holds no place for long.
    greeting: Option<Pin<Box<Sleep>>>,
    /// Bytes of a greeting that are still missing.
    missing: usize,
    _place: Place,
}

/// How far a connection is.
enum Stage {
    Plain(TcpStream),
    /// TLS is being agreed on. Nobody waits for that but who reads or writes this connection.
    Handshake(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Handshake(_) => "Handshake",
            Self::Tls(_) => "Tls",
        })
    }
}

/// What is read from and written to.
trait Socket: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Socket for T {}

impl Stage {
    /// The stream, once TLS is agreed on where there is TLS.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Socket>>> {
        if let Self::Handshake(handshake) = self {
            let stream = ready!(Pin::new(handshake.as_mut()).poll(cx))?;
            *self = Self::Tls(Box::new(stream));
        }
        match self {
            Self::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Self::Tls(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            Self::Handshake(_) => Poll::Pending,
        }
    }
}

impl Connection {
    /// The other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The stream, once TLS is agreed on; an error when that takes too long. Reading and writing both come by here,
    /// because HTTP/2 writes before it reads.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Socket>>> {
        if self.stream.poll_ready(cx)?.is_pending() {
            ready!(self.poll_greeting(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.stream.poll_ready(cx)
    }

    /// Ready when the time to greet is over; never once the client did.
    fn poll_greeting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.greeting.as_mut() {
            Some(greeting) => greeting.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        TcpConnectInfo { local_addr: self.local, remote_addr: Some(self.peer) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(self.poll_stream(cx))?.poll_read(cx, buffer);
        if read.is_pending() {
            ready!(self.poll_greeting(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.missing = self.missing.saturating_sub(buffer.filled().len() - before);
        if self.missing == 0 {
            self.greeting = None;
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_stream(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            // Nothing was said yet, so there is nothing to end.
            Stage::Handshake(_) => Poll::Ready(Ok(())),
            Stage::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stage::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_stream(cx))?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
