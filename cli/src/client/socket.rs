//! The socket below a connection: TCP, and TLS where the address says so. One way for both front ends.

use std::{fs, path::Path, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::{CONNECT_SECONDS_MAX, Via};
use crate::error::CliError;

/// What is read from and written to.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// Where a node is, as it was given: `HOST:PORT`, or with a scheme before it, of which `https` and `wss` mean TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Host and port.
    pub(super) authority: String,
    /// The host alone, without the brackets of IPv6.
    host: String,
    /// Whether to speak TLS.
    pub(super) is_secure: bool,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// [`CliError::Usage`] when it is none.
    pub(super) fn parse(via: Via, text: &str) -> Result<Self, CliError> {
        let (flag, plain, secure) = match via {
            Via::Grpc => ("--grpc", "http://", "https://"),
            Via::Ws => ("--ws", "ws://", "wss://"),
        };
        let usage = || {
            CliError::Usage(format!("{flag} '{text}' is neither HOST:PORT nor {plain}HOST:PORT nor {secure}HOST:PORT"))
        };
        let (rest, is_secure) = match (text.strip_prefix(secure), text.strip_prefix(plain)) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => (text, false),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = authority.rsplit_once(':').ok_or_else(usage)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(['/', '@', '?', '#', ' ']) || port.parse::<u16>().is_err() {
            return Err(usage());
        }
        Ok(Self { authority: authority.to_owned(), host: host.to_owned(), is_secure })
    }
}

/// Whose certificates are trusted: those of a file, or those of the system.
///
/// # Errors
/// [`CliError::Usage`] when there are none.
fn trusted(ca: Option<&Path>) -> Result<RootCertStore, CliError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let wrong = |error: String| CliError::Usage(format!("--ca {}: {error}", path.display()));
            let text = fs::read(path).map_err(|error| wrong(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("there is no certificate in PEM in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let text = "this system has no certificates to trust; name a file of them with --ca";
                return Err(CliError::Usage(text.to_owned()));
            }
        }
    }
    Ok(roots)
}

/// Connects; `protocol` is what is spoken inside of TLS (ALPN).
///
/// # Errors
/// [`CliError::Unreachable`]; [`CliError::Usage`] when the certificates to trust cannot be read.
pub(super) async fn connect(
    via: Via,
    address: &Address,
    ca: Option<&Path>,
    protocol: &[u8],
) -> Result<Box<dyn Socket>, CliError> {
    let unreachable = |cause: String| CliError::Unreachable { via, address: address.authority.clone(), cause };
    let tls = if address.is_secure { Some(connector(ca, protocol)?) } else { None };
    let connecting = async {
        let stream = TcpStream::connect(&address.authority).await.map_err(|error| unreachable(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
        let Some(tls) = tls else { return Ok(Box::new(stream) as Box<dyn Socket>) };
        let name = ServerName::try_from(address.host.clone()).map_err(|error| unreachable(error.to_string()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| unreachable(format!("TLS: {error}")))?;
        Ok(Box::new(stream) as Box<dyn Socket>)
    };
    timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connecting)
        .await
        .map_err(|_| unreachable(format!("no answer within {CONNECT_SECONDS_MAX} s")))?
}

fn connector(ca: Option<&Path>, protocol: &[u8]) -> Result<TlsConnector, CliError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| CliError::Usage(format!("TLS: {error}")))?
        .with_root_certificates(trusted(ca)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
