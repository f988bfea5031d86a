//! Peers that dial this node: accepted, agreed with on TLS within a time, and handed to the task of the peer. Who is no peer is
//! refused in the handshake.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, TlsStream, rustls::ServerConfig};

use super::{Peers, dialer, link::Link};
use crate::{
    config::{ACCEPT_PAUSE, PEER_HANDSHAKES_MAX, PEER_HANDSHAKES_PER_ADDRESS_MAX},
    lifecycle::Lifecycle,
    metrics,
    places::Places,
};

/// Where peers come in.
#[derive(Debug)]
pub struct Acceptor {
    tcp: TcpListener,
    greeting: Duration,
}

impl Acceptor {
    /// Binds an address.
    ///
    /// # Errors
    /// What the system says.
    pub async fn bind(address: SocketAddr, greeting: Duration) -> io::Result<Self> {
        Ok(Self { tcp: TcpListener::bind(address).await?, greeting })
    }

    /// The address with the port that was given.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Accepts until the node ends.
    pub async fn serve(self, tls: Arc<ServerConfig>, peers: Peers, lifecycle: Lifecycle) {
        let tls = TlsAcceptor::from(tls);
        let handshakes = Places::new(PEER_HANDSHAKES_MAX, PEER_HANDSHAKES_PER_ADDRESS_MAX);
        let accepting = async {
            while let Some(slot) = handshakes.slot().await {
                let (stream, address) = match self.tcp.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a peer");
                        sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                };
                let Some(place) = handshakes.take(address, slot) else {
                    refused(address, "handshakes", "its address has as many handshakes under way as it may have");
                    continue;
                };
                let (tls, peers, greeting) = (tls.clone(), peers.clone(), self.greeting);
                let (lifecycle, greeted) = (lifecycle.clone(), async move {
                    let link = greet(stream, address, tls, greeting).await;
                    drop(place);
                    if let Some(link) = link {
                        peers.arrived(link).await;
                    }
                });
                tokio::spawn(async move {
                    tokio::select! {
                        () = greeted => {}
                        _ = lifecycle.interrupted() => {}
                    }
                });
            }
        };
        tokio::select! {
            () = accepting => {}
            _ = lifecycle.interrupted() => {}
        }
    }
}

async fn greet(stream: TcpStream, address: SocketAddr, tls: TlsAcceptor, greeting: Duration) -> Option<Link> {
    stream.set_nodelay(true).ok();
    match timeout(greeting, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let link = Link::new(TlsStream::Server(stream), false);
            if link.is_none() {
                refused(address, "tls", "it does not speak what peers speak");
            }
            link
        }
        Ok(Err(error)) => {
            let reason = if dialer::is_unknown_key(&error) { "unknown_key" } else { "tls" };
            refused(address, reason, &error.to_string());
            None
        }
        Err(_) => {
            refused(address, "slow", "it took too long to agree on TLS");
            None
        }
    }
}

/// Counts a handshake that came to nothing.
fn refused(address: SocketAddr, reason: &'static str, detail: &str) {
    ::metrics::counter!(metrics::PEER_HANDSHAKES_REFUSED, "reason" => reason).increment(1);
    tracing::info!(%address, reason, detail, "no peer was let in");
}
