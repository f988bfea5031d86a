//! The node as a whole: opened, started, stopped.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use dmpc::NodeId;
use dmpc_storage::{Reader, StoreError, Writer};
use rand_core::{CryptoRng, RngCore};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{sleep, timeout},
};

use tokio_rustls::rustls;

use crate::{
    arriving::Arriving,
    clock::Clock,
    config::{Config, Limits},
    data_directory::{self, NodeKeys, OpenError},
    grpc::{self, GrpcError},
    horizon::Horizon,
    ingest::{self, Ingest, IngestError, IngestThreads},
    lifecycle::Lifecycle,
    listener::Listener,
    local::Local,
    metrics::{self, MetricsError, Observer, Readiness},
    origins::{OriginError, Origins, Pages},
    peer::{self, Acceptor, Book, BookError, Peers},
    read::{self, Reads},
    tls::{self, Speaks, TlsError},
    ws,
};

/// What is stamped in the millisecond of the start is refused (docs/PROTOCOL.md, Requests). So nobody is served within it.
const PAST_THE_START: Duration = Duration::from_millis(2);

/// Why a node does not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// TLS with peers cannot be set up.
    #[error("no TLS with peers: {0}")]
    PeerTls(#[from] rustls::Error),
    /// There are no metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Opening the data directory ended unexpectedly.
    #[error("opening the data directory ended unexpectedly; its panic is in the log")]
    Recovery,
    /// Ingest cannot start, or did not end well.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The gRPC front end failed.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
    /// The configuration lists an origin that is none.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The peers cannot be read.
    #[error(transparent)]
    Peers(#[from] BookError),
    /// A front end ended without a word.
    #[error("a front end ended unexpectedly; its panic is in the log")]
    FrontEnd,
    /// A verifier ended unexpectedly.
    #[error("a verifier ended unexpectedly; its panic is in the log")]
    Verifier,
}

impl ServeError {
    /// Whether it is the store that refuses to be opened.
    pub fn is_refusal_of_the_store(&self) -> bool {
        matches!(self, Self::Open(OpenError::Store(_) | OpenError::OtherNode { .. }))
    }

    /// Whether the store is not what was written, when it is opened or later.
    pub fn is_damage_of_the_store(&self) -> bool {
        match self {
            Self::Open(OpenError::Store(error)) | Self::Ingest(IngestError::Store(error)) => error.is_damage(),
            _ => false,
        }
    }
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    /// Who it is.
    pub id: NodeId,
    /// Where its gRPC front end listens.
    pub grpc: SocketAddr,
    /// Where its websocket front end listens.
    pub ws: SocketAddr,
    /// Where it tells its metrics.
    pub metrics: Option<SocketAddr>,
    /// Where it listens for other nodes.
    pub peers: Option<SocketAddr>,
    lifecycle: Lifecycle,
    drain: Duration,
    threads: IngestThreads,
    grpc_task: JoinHandle<Result<(), GrpcError>>,
    ws_task: JoinHandle<()>,
    peers_task: JoinHandle<()>,
}

async fn bind(address: SocketAddr, config: &Config, speaks: Speaks) -> Result<Listener, ServeError> {
    let tls = tls::server(&config.tls, speaks)?;
    Listener::bind(address, tls, &config.limits).await.map_err(|error| ServeError::Bind { address, error })
}

impl Node {
    /// Opens the data directory, binds both addresses and begins to serve.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn start<R>(
        config: &Config,
        clock: Clock,
        random: impl Fn() -> R + Send + Sync + 'static,
    ) -> Result<Self, ServeError>
    where
        R: RngCore + CryptoRng + Send + 'static,
    {
        let random = Arc::new(random);
        let grpc_listener = bind(config.grpc, config, Speaks::Grpc).await?;
        let ws_listener = bind(config.ws, config, Speaks::Websocket).await?;
        let acceptor = bind_for_peers(config).await?;
        let lifecycle = Lifecycle::new();
        let readiness = Readiness::default();
        let metrics = match config.metrics {
            None => None,
            Some(address) => Some(tell(address, readiness.clone(), lifecycle.clone()).await?),
        };
        let (keys, writer, reader) = recover(config, random()).await?;
        let limits = Arc::new(config.limits.clone());
        let horizon = Arc::new(Horizon::new(clock.clone()));
        let parts = ingest::Parts {
            writer,
            key: keys.key.clone(),
            horizon: Arc::clone(&horizon),
            lifecycle: lifecycle.clone(),
            limits: Arc::clone(&limits),
        };
        let (ingest, threads, feed) = Ingest::start(parts, || random())?;
        let id = keys.node;
        let own = keys.signing.verifying_key();
        let peers = Peers::new(peer::Parts {
            book: Book::open(&config.peer.peers, &config.data, own, limits.peers)?,
            keys: keys.clone(),
            reader: reader.clone(),
            ingest: ingest.clone(),
            feed: feed.clone(),
            clock,
            lifecycle: lifecycle.clone(),
            limits: Arc::clone(&limits),
            listen: acceptor.as_ref().map(|(_, address)| *address),
        });
        match Local::bind(&config.data) {
            Ok(local) => drop(tokio::spawn(local.serve(reader.clone(), peers.clone(), lifecycle.clone()))),
            Err(error) => tracing::warn!(%error, "no socket in the data directory: no backups and no dmpc-cli peer"),
        }
        let reads = Reads::new(read::Parts {
            reader,
            feed,
            keys,
            horizon: Arc::clone(&horizon),
            lifecycle: lifecycle.clone(),
            limits: Arc::clone(&limits),
        });
        sleep(PAST_THE_START).await;
        let (grpc, ws) = (grpc_listener.address(), ws_listener.address());
        let origins = Arc::new(Origins::with(&config.origins)?);
        let pages = |address: SocketAddr| Pages::new(Arc::clone(&origins), address.ip().is_loopback());
        let arriving = Arriving::new(limits.arriving_bytes, Limits::seconds(limits.silence_seconds));
        let door = grpc::Door { pages: pages(grpc), arriving: arriving.clone() };
        let ws_pages = pages(ws);
        let serving = (ingest.clone(), reads.clone(), lifecycle.clone(), Arc::clone(&limits));
        let grpc_task = tokio::spawn(async move {
            let (ingest, reads, lifecycle, limits) = serving;
            grpc::serve(grpc_listener, ingest, reads, lifecycle, door, &limits).await
        });
        let drain = Limits::seconds(limits.drain_seconds);
        let store = data_directory::store(&config.data);
        let observer = Observer::new(store, ingest.clone(), arriving.clone(), horizon, peers.clone());
        let context = ws::Context::new(ingest, reads, lifecycle.clone(), (ws_pages, arriving), limits);
        let ws_task = tokio::spawn(ws::serve(ws_listener, context));
        let listening = acceptor.as_ref().map(|(_, address)| *address);
        if let Some((acceptor, _)) = acceptor {
            tokio::spawn(acceptor.serve(peers.server()?, peers.clone(), lifecycle.clone()));
        }
        let peers_task = tokio::spawn(peers.run(move || random()));
        readiness.ready(observer);
        Ok(Self { id, grpc, ws, metrics, peers: listening, lifecycle, drain, threads, grpc_task, ws_task, peers_task })
    }

    /// Serves until `stop`, then answers what was accepted and closes the store. Ends by itself when the node fails.
    ///
    /// # Errors
    /// [`ServeError`] when a write, a thread or a front end failed.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let early = tokio::select! {
            () = stop => Ok(()),
            () = self.lifecycle.failed() => Err(ServeError::Verifier),
            ended = &mut self.grpc_task => Err(front_end_error(ended)),
            _ = &mut self.ws_task => Err(ServeError::FrontEnd),
        };
        self.lifecycle.stop();
        let drained = timeout(self.drain, async {
            if !self.grpc_task.is_finished() {
                (&mut self.grpc_task).await.ok();
            }
            if !self.ws_task.is_finished() {
                (&mut self.ws_task).await.ok();
            }
            (&mut self.peers_task).await.ok();
        });
        if drained.await.is_err() {
            tracing::warn!("some clients did not take their last answers in time");
        }
        // The store's own error says more than that something failed.
        match self.threads.close().await {
            Ok(()) => early,
            Err(IngestError::Store(StoreError::Poisoned)) => early,
            Err(error) => Err(error.into()),
        }
    }
}

/// Where peers come in, if anywhere.
async fn bind_for_peers(config: &Config) -> Result<Option<(Acceptor, SocketAddr)>, ServeError> {
    let Some(address) = config.peer.listen else { return Ok(None) };
    let failed = |error| ServeError::Bind { address, error };
    let acceptor = Acceptor::bind(address, Limits::seconds(config.limits.greeting_seconds)).await.map_err(failed)?;
    let bound = acceptor.address().map_err(failed)?;
    Ok(Some((acceptor, bound)))
}

/// Opens the data directory. Recovery may take a while: meanwhile the node says that it lives and is not ready.
async fn recover<R>(config: &Config, mut random: R) -> Result<(NodeKeys, Writer, Reader), ServeError>
where
    R: RngCore + CryptoRng + Send + 'static,
{
    let (data, limits) = (config.data.clone(), config.limits.store());
    let opened = spawn_blocking(move || data_directory::open(&data, limits, &mut random)).await;
    Ok(opened.map_err(|_| ServeError::Recovery)??)
}

async fn tell(address: SocketAddr, readiness: Readiness, lifecycle: Lifecycle) -> Result<SocketAddr, ServeError> {
    let listener = metrics::bind(address).await?;
    let bound = listener.local_addr().map_err(|error| ServeError::Bind { address, error })?;
    let handle = metrics::install()?;
    tokio::spawn(metrics::serve(listener, handle, readiness, lifecycle));
    Ok(bound)
}

fn front_end_error(ended: Result<Result<(), GrpcError>, tokio::task::JoinError>) -> ServeError {
    match ended {
        Ok(Err(error)) => error.into(),
        Ok(Ok(())) | Err(_) => ServeError::FrontEnd,
    }
}
