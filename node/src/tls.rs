//! TLS of both front ends, by rustls: the certificate and key of the configuration. TLS 1.2 and 1.3.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use crate::config::Tls;

/// Bits of a mode that let others in.
const OTHERS: u32 = 0o077;

/// Why the certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others than its owner may read or write the key.
    #[error("{} has mode {mode:04o}: the key of a certificate is for its owner alone; chmod 600 it", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file does not hold what it should.
    #[error("{} holds no {what} in PEM: {error}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What is wrong.
        error: pem::Error,
    },
    /// The certificate and the key do not go together, or are of a kind that is not known.
    #[error("the certificate in {} cannot be used with the key in {}: {error}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What rustls says.
        error: rustls::Error,
    },
}

/// What each front end speaks after the handshake (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP/2, and HTTP/1.1 for gRPC-web.
    Grpc,
    /// HTTP/1.1, to be upgraded.
    Websocket,
}

impl Speaks {
    fn protocols(self) -> Vec<Vec<u8>> {
        match self {
            Self::Grpc => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Self::Websocket => vec![b"http/1.1".to_vec()],
        }
    }
}

/// What a front end needs for TLS; nothing when the configuration has none.
///
/// # Errors
/// [`TlsError`]
pub fn server(tls: &Tls, speaks: Speaks) -> Result<Option<Arc<ServerConfig>>, TlsError> {
    let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else { return Ok(None) };
    let unusable = |error| TlsError::Unusable { certificate: certificate.clone(), key: key.clone(), error };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(read_certificates(certificate)?, read_key(key)?)
        .map_err(unusable)?;
    config.alpn_protocols = speaks.protocols();
    Ok(Some(Arc::new(config)))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| TlsError::Pem { path: path.to_owned(), what: "certificate", error };
    let found = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if found.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let unreadable = |error| TlsError::Unreadable { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(TlsError::OpenToOthers { path: path.to_owned(), mode });
    }
    let text = zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| TlsError::Pem {
        path: path.to_owned(),
        what: "private key",
        error,
    })
}
