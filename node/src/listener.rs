//! Accepting connections: bounded in number, without Nagle's delay, until the node stops. Both front ends use it.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use dmpc_storage::outcome::Source;
use futures::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::{
    config::{ACCEPT_PAUSE, CONNECTIONS_MAX, GREETING_PATIENCE},
    lifecycle::Lifecycle,
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
        let address = peer.map(|peer| match peer.ip() {
            std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            std::net::IpAddr::V6(v6) => v6.octets(),
        });
        Self { source: Source(address.unwrap_or_default()), accepts_open }
    }
}

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// What the system says.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address })
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
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        futures::stream::unfold((self.tcp, slots, lifecycle), |(tcp, slots, lifecycle)| async move {
            let connection = tokio::select! {
                biased;
                _ = lifecycle.interrupted() => return None,
                connection = accept(&tcp, &slots) => connection?,
            };
            Some((connection, (tcp, slots, lifecycle)))
        })
    }
}

async fn accept(tcp: &TcpListener, slots: &Arc<Semaphore>) -> Option<Connection> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    loop {
        match tcp.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "no TCP_NODELAY");
                }
                let greeting = Some(Box::pin(sleep(GREETING_PATIENCE)));
                return Some(Connection { stream, peer, greeting, _slot: slot });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// An accepted connection; holds its place among [`CONNECTIONS_MAX`].
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Runs until the first byte came: who connects and says nothing holds no place for long.
    greeting: Option<Pin<Box<Sleep>>>,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    /// The other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        TcpConnectInfo { local_addr: self.stream.local_addr().ok(), remote_addr: Some(self.peer) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match self.greeting.as_mut() {
            Some(greeting) if read.is_pending() => {
                ready!(greeting.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Some(_) => {
                self.greeting = None;
                read
            }
            None => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
