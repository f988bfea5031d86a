//! A program of our own at the other end of a link: with a node key or without, well behaved or not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use dmpc::{
    Hlc, Identity,
    identity::node_id,
    keys::{SigningKey, VerifyingKey},
    peer::{Frame, Head, PEER_VERSION, Scopes, Terms},
};
use dmpc_node::peer::{codec, tls::NodeTls};
use dmpc_storage::RULESET;
use futures::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::support::operations::Seeded;

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody with keys of a node.
pub(super) struct Stranger {
    identity: Identity,
    tls: NodeTls,
}

/// A link with a node, greeted.
pub(super) struct Talk {
    frames: Framed<TlsStream<TcpStream>, LengthDelimitedCodec>,
}

impl Stranger {
    pub(super) fn new(seed: u64) -> Self {
        let identity = Identity::generate(&mut Seeded::new(seed, "stranger")).unwrap();
        let tls = NodeTls::new(Arc::new(identity.signing.clone()));
        Self { identity, tls }
    }

    /// Its node key, as others are told.
    pub(super) fn key(&self) -> VerifyingKey {
        self.identity.signing.verifying_key()
    }

    /// Dials a node whose key it knows, as far as TLS.
    pub(super) async fn dial(&self, address: &str, key: VerifyingKey) -> std::io::Result<TlsStream<TcpStream>> {
        dial_as(&self.tls, address, key).await
    }

    /// The same, with another node key.
    pub(super) async fn dial_with_key(
        &self,
        signing: SigningKey,
        address: &str,
        key: VerifyingKey,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        dial_as(&NodeTls::new(Arc::new(signing)), address, key).await
    }

    /// Dials, and greets as a peer does.
    /// Where the node does not hear it yet, because of what it did before, it dials again.
    pub(super) async fn talk(&self, address: &str, key: VerifyingKey) -> Talk {
        let begin = Instant::now();
        loop {
            assert!(begin.elapsed() < PATIENCE, "the node does not greet");
            if let Some(talk) = self.greet(address, key).await {
                return talk;
            }
            sleep(GLANCE).await;
        }
    }

    async fn greet(&self, address: &str, key: VerifyingKey) -> Option<Talk> {
        let mut frames = Framed::new(self.dial(address, key).await.unwrap(), codec());
        let recipient = self.identity.encryption.encryption_key().unwrap();
        frames.send(Bytes::copy_from_slice(recipient.as_bytes())).await.ok()?;
        let greeting = timeout(PATIENCE, frames.next()).await.unwrap()?.ok()?;
        assert_eq!(greeting.len(), 32);
        Some(Talk { frames })
    }

    /// The first frame of an exchange of everything, from an empty log.
    pub(super) fn terms(&self) -> Bytes {
        let recipient = self.identity.encryption.encryption_key().unwrap();
        let terms = Terms {
            version: PEER_VERSION,
            ruleset: RULESET,
            node: node_id(&self.key(), &recipient),
            roots: [0; 32],
            scopes: Scopes::Everything,
            pushes: true,
            pulls: true,
            window_operations: 4_096,
            window_bytes: 4 * 1024 * 1024,
            head: Head { operations: 0, latest: Hlc::ZERO, log_digest: [0; 32], state_digest: [0; 32] },
        };
        Frame::Terms(terms).encode().unwrap()
    }
}

async fn dial_as(tls: &NodeTls, address: &str, key: VerifyingKey) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(tls.client(key).unwrap()).connect(name, stream).await
}

impl Talk {
    /// Says something; whether the node takes it.
    pub(super) async fn say(&mut self, frame: Bytes) -> bool {
        self.frames.send(frame).await.is_ok()
    }

    /// The next frame; nothing when the node closed the link.
    pub(super) async fn hear(&mut self) -> Option<BytesMut> {
        timeout(PATIENCE, self.frames.next()).await.expect("the node says nothing").and_then(Result::ok)
    }

    /// Listens until the node ends the exchange: why. Nothing when it only closed the link.
    pub(super) async fn end(&mut self) -> Option<String> {
        while let Some(frame) = self.hear().await {
            if let Ok(Frame::End(end)) = Frame::decode(&frame.freeze()) {
                return Some(end.reason);
            }
        }
        None
    }

    /// The link itself, to say what is no frame.
    pub(super) fn into_stream(self) -> TlsStream<TcpStream> {
        self.frames.into_inner()
    }
}
