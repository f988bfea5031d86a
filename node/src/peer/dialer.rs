//! Peers that this node dials.

use std::{io, sync::Arc, time::Duration};

use dmpc::keys::VerifyingKey;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector, TlsStream,
    rustls::{self, AlertDescription, CertificateError, ClientConfig, pki_types::ServerName},
};

use super::link::Link;

/// Why a peer is not reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// Nobody answers.
    #[error("{address} is not reached: {error}")]
    Unreached {
        /// Its address.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// Too long until TLS was agreed on.
    #[error("{0} took too long to answer")]
    Slow(String),
    /// Another key than the peer's.
    #[error("at {0} answers a node with another key than the peer's")]
    OtherKey(String),
    /// The handshake failed in another way.
    #[error("no TLS with {address}: {error}")]
    Tls {
        /// Its address.
        address: String,
        /// What rustls said.
        error: io::Error,
    },
}

/// Dials.
///
/// # Errors
/// [`DialError`]
pub(super) async fn dial(
    address: &str,
    key: &VerifyingKey,
    tls: Arc<ClientConfig>,
    greeting: Duration,
) -> Result<Link, DialError> {
    let dialing = async {
        let unreached = |error| DialError::Unreached { address: address.to_owned(), error };
        let stream = TcpStream::connect(address).await.map_err(unreached)?;
        stream.set_nodelay(true).ok();
        // Nobody looks at the name; the key counts.
        let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        let failed = |error: io::Error| match is_unknown_key(&error) {
            true => DialError::OtherKey(address.to_owned()),
            false => DialError::Tls { address: address.to_owned(), error },
        };
        let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(failed)?;
        let link = Link::new(TlsStream::Client(stream), true);
        link.filter(|link| link.key == *key).ok_or_else(|| DialError::OtherKey(address.to_owned()))
    };
    timeout(greeting, dialing).await.unwrap_or_else(|_| Err(DialError::Slow(address.to_owned())))
}

/// Whether a handshake failed here because of the key that the other end showed.
pub(super) fn is_unknown_key(error: &io::Error) -> bool {
    let unknown = rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
    tls_error(error).is_some_and(|error| *error == unknown)
}

/// Whether the other end refused the key of this node.
pub(super) fn is_unknown_there(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::AlertReceived(AlertDescription::AccessDenied)))
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
