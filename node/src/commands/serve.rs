//! `serve`: a node that runs until it is asked to stop.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use dmpc_node::{
    clock::{Clock, SystemRandom},
    config::{Config, Log, LogFormat},
    serve::Node,
};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::say;

/// Threads that serve sockets; verifiers and the sequencer have threads of their own.
const SOCKET_THREADS: usize = 2;
/// How long the end waits for threads that still serve clients which did not take their last answers.
const ABANDON_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where gRPC listens; port 0 lets the system choose (DMPC_GRPC) [default: 127.0.0.1:64928].
    #[arg(long, value_name = "ADDR")]
    grpc: Option<String>,
    /// Where websocket listens; port 0 lets the system choose (DMPC_WS) [default: 127.0.0.1:64927].
    #[arg(long, value_name = "ADDR")]
    ws: Option<String>,
    /// Where Prometheus asks for metrics (DMPC_METRICS) [default: nowhere].
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// Where it listens for other nodes (DMPC_PEER_LISTEN) [default: nowhere].
    #[arg(long, value_name = "ADDR")]
    peer_listen: Option<String>,
    /// PEM file with the certificate of both front ends (DMPC_TLS_CERTIFICATE).
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<String>,
    /// PEM file with its private key (DMPC_TLS_KEY).
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Listen without TLS also where other machines reach it (DMPC_PLAIN_BEYOND_LOOPBACK).
    #[arg(long)]
    plain_beyond_loopback: bool,
}

impl Serve {
    /// The settings that these flags stand for.
    pub(crate) fn flags(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("grpc", self.grpc.clone()),
            ("ws", self.ws.clone()),
            ("metrics", self.metrics.clone()),
            ("peer.listen", self.peer_listen.clone()),
            ("tls.certificate", self.tls_certificate.clone()),
            ("tls.key", self.tls_key.clone()),
            ("plain_beyond_loopback", self.plain_beyond_loopback.then(|| "true".to_owned())),
        ]
    }
}

/// Runs it.
pub(crate) fn run(config: &Config) -> Result<()> {
    start_log(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SOCKET_THREADS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(serve(config));
    // Clients that were not drained are dropped here: what they hold of the store must be gone before the process ends.
    runtime.shutdown_timeout(ABANDON_PATIENCE);
    result
}

/// What is logged.
pub(crate) fn filter(log: &Log) -> Result<EnvFilter> {
    EnvFilter::try_new(&log.filter).with_context(|| format!("'{}' is no log filter", log.filter))
}

fn start_log(log: &Log) -> Result<()> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter(log)?).with_writer(io::stderr);
    match log.format {
        LogFormat::Human => {
            lines.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init()
        }
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

async fn serve(config: &Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let node = Node::start(config, Clock::system(), SystemRandom::new).await?;
    say(&format!("node {}", node.id))?;
    say(&format!("grpc {}", node.grpc))?;
    say(&format!("ws {}", node.ws))?;
    if let Some(metrics) = node.metrics {
        say(&format!("metrics {metrics}"))?;
    }
    if let Some(peers) = node.peers {
        say(&format!("peers {peers}"))?;
    }
    say("ready")?;
    tell_service_manager(NotifyState::Ready);
    node.run_until(async {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
        tell_service_manager(NotifyState::Stopping);
    })
    .await?;
    tracing::info!("stopped");
    Ok(())
}

/// Tells systemd (`Type=notify`) how far the node is. Without a service manager nobody is told.
fn tell_service_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}
