//! TLS between nodes: version 1.3 alone, both ends show their node key as a raw public key (RFC 7250), and nothing else counts:
//! no certificate, no name, no date. A key that is not expected ends the handshake, before anything of the other end is read.
//! Source: docs/PROTOCOL.md, "Links between nodes".

use std::{fmt, sync::Arc};

use dmpc::keys::{SigningKey, VerifyingKey};
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureAlgorithm,
    SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, Signer, SigningKey as TlsSigningKey},
    version::TLS13,
};

/// What both ends speak after the handshake (ALPN, RFC 7301).
pub const PROTOCOL: &[u8] = b"dmpc-peer/1";
/// What stands before an ed25519 key in the DER form of a public key (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Says whether a key is that of a peer at present.
pub type IsPeer = dyn Fn(&VerifyingKey) -> bool + Send + Sync;

fn encode(key: &VerifyingKey) -> Vec<u8> {
    [SPKI_HEAD.as_slice(), key.as_bytes()].concat()
}

/// The key that the other end of a handshake showed; nothing for what is no ed25519 key, or of small order.
pub fn shown(certificates: Option<&[CertificateDer<'_>]>) -> Option<VerifyingKey> {
    let bytes = certificates?.first()?.strip_prefix(&SPKI_HEAD)?;
    VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()
}

/// Signs handshakes with the node key. The secret stays where it is.
#[derive(Debug)]
struct NodeSigner {
    key: Arc<SigningKey>,
    public: Vec<u8>,
}

impl TlsSigningKey for NodeSigner {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ED25519).then(|| Box::new(HandshakeSigner(Arc::clone(&self.key))) as Box<_>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.public.as_slice()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

#[derive(Debug)]
struct HandshakeSigner(Arc<SigningKey>);

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signed = self.0.sign_handshake(message);
        signed
            .map(|signature| signature.0.to_vec())
            .ok_or(rustls::Error::General("not a handshake of TLS 1.3".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Lets in whoever holds a key that is expected.
struct Expect {
    is_peer: Arc<IsPeer>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expect")
    }
}

impl Expect {
    fn check_key(&self, shown_key: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
        let key = if more.is_empty() { shown(Some(std::slice::from_ref(shown_key))) } else { None };
        match key {
            Some(key) if (self.is_peer)(&key) => Ok(()),
            Some(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            None => Err(CertificateError::BadEncoding.into()),
        }
    }

    fn check_signature(
        &self,
        message: &[u8],
        shown_key: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(shown_key.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.provider.signature_verification_algorithms)
    }
}

/// TLS 1.2 is not offered, so this is not asked.
fn no_tls12() -> rustls::Error {
    rustls::Error::General("peers speak TLS 1.3 alone".to_owned())
}

impl ClientCertVerifier for Expect {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check_key(end_entity, intermediates).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for Expect {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check_key(end_entity, intermediates).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The node's own end of handshakes; cheap to clone.
#[derive(Clone, Debug)]
pub struct NodeTls {
    own: Arc<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

impl NodeTls {
    /// With the node's key.
    pub fn new(key: Arc<SigningKey>) -> Self {
        let public = encode(&key.verifying_key());
        let chain = vec![CertificateDer::from(public.clone())];
        let own = Arc::new(CertifiedKey::new(chain, Arc::new(NodeSigner { key, public })));
        Self { own, provider: Arc::new(ring::default_provider()) }
    }

    fn expect(&self, is_peer: Arc<IsPeer>) -> Arc<Expect> {
        Arc::new(Expect { is_peer, provider: Arc::clone(&self.provider) })
    }

    /// For those who dial; `is_peer` is asked in each handshake. Nothing is resumed: a peer that is removed does not come back.
    ///
    /// # Errors
    /// What rustls says; it has all that is asked of it.
    pub fn server(&self, is_peer: Arc<IsPeer>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(self.expect(is_peer))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.own))));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// To dial the node that holds a key.
    ///
    /// # Errors
    /// What rustls says; it has all that is asked of it.
    pub fn client(&self, peer: VerifyingKey) -> Result<Arc<ClientConfig>, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(self.expect(Arc::new(move |key| *key == peer)))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.own))));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(Arc::new(config))
    }
}
