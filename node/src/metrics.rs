//! What Prometheus is told: the names of all metrics, and the small HTTP server that tells them, with `/live` and `/ready`.
//!
//! Everything is counted through the `metrics` crate: without a recorder, which only the binary installs, counting costs a
//! look at one atomic. No label ever holds an id, a name or an address: their number has no bound.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use warp::{Filter, http::StatusCode};

use crate::lifecycle::Lifecycle;

/// Counter, by `outcome`: operations that were answered.
pub const OPERATIONS: &str = "dmpc_operations_total";
/// Counter, by `reason`: operations and transactions that were refused.
pub const REFUSALS: &str = "dmpc_refusals_total";
/// Histogram, in seconds: verification of a batch of signatures.
pub const VERIFY_SECONDS: &str = "dmpc_verify_seconds";
/// Histogram, in seconds: judging, writing and syncing a batch.
pub const COMMIT_SECONDS: &str = "dmpc_commit_seconds";
/// Histogram, in seconds: the write of a batch to the log of RocksDB, with its fsync.
pub const FSYNC_SECONDS: &str = "dmpc_fsync_seconds";
/// Histogram: operations committed together.
pub const COMMIT_OPERATIONS: &str = "dmpc_commit_operations";
/// Gauge: sessions that wait for a verifier.
pub const VERIFY_QUEUE: &str = "dmpc_verify_queue_sessions";
/// Gauge: verified units that wait for the sequencer.
pub const COMMIT_QUEUE: &str = "dmpc_commit_queue_units";
/// Gauge: bytes of transactions between arrival and commit.
pub const INGEST_BYTES: &str = "dmpc_ingest_bytes";
/// Gauge: open connections of both front ends.
pub const CONNECTIONS: &str = "dmpc_connections";
/// Gauge: open subscriptions.
pub const SUBSCRIPTIONS: &str = "dmpc_subscriptions";
/// Counter, by `query`: requests that were answered.
pub const REQUESTS: &str = "dmpc_requests_total";
/// Counter, by `change` (retracted or restored): operations whose verdict changed.
pub const VERDICT_FLIPS: &str = "dmpc_verdict_flips_total";
/// Gauge: operations in the log.
pub const LOG_OPERATIONS: &str = "dmpc_log_operations";
/// Gauge: bytes of the store on disk.
pub const STORE_BYTES: &str = "dmpc_store_bytes";
/// Gauge: operations kept aside.
pub const WAITING_OPERATIONS: &str = "dmpc_waiting_operations";
/// Gauge: when the state digest changed last, in seconds since 1970. Its age is `time()` less this.
pub const DIGEST_CHANGED: &str = "dmpc_state_digest_changed_timestamp_seconds";

/// Bounds of the buckets of times, in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of the buckets of batch sizes.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
/// How often what was counted is folded together, so that memory stays bounded when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The recorder cannot be made.
    #[error("cannot count: {0}")]
    Build(#[from] BuildError),
    /// There is another recorder in this process.
    #[error("something else counts in this process already")]
    Installed,
    /// The address cannot be bound.
    #[error("cannot listen for metrics on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

/// Starts to count in this process.
///
/// # Errors
/// [`MetricsError::Build`], [`MetricsError::Installed`].
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_OPERATIONS.to_owned()), &SIZES)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Installed)?;
    describe();
    Ok(handle)
}

fn describe() {
    metrics::describe_counter!(OPERATIONS, "Operations that were answered, by outcome");
    metrics::describe_counter!(REFUSALS, "Operations and transactions that were refused, by reason");
    metrics::describe_histogram!(VERIFY_SECONDS, "Verification of a batch of signatures");
    metrics::describe_histogram!(COMMIT_SECONDS, "Judging, writing and syncing a batch");
    metrics::describe_histogram!(FSYNC_SECONDS, "Writing and syncing a batch");
    metrics::describe_histogram!(COMMIT_OPERATIONS, "Operations committed together");
    metrics::describe_gauge!(VERIFY_QUEUE, "Sessions that wait for a verifier");
    metrics::describe_gauge!(COMMIT_QUEUE, "Verified units that wait for the sequencer");
    metrics::describe_gauge!(INGEST_BYTES, "Bytes of transactions between arrival and commit");
    metrics::describe_gauge!(CONNECTIONS, "Open connections of both front ends");
    metrics::describe_gauge!(SUBSCRIPTIONS, "Open subscriptions");
    metrics::describe_counter!(REQUESTS, "Requests that were answered, by query");
    metrics::describe_counter!(VERDICT_FLIPS, "Operations whose verdict changed");
    metrics::describe_gauge!(LOG_OPERATIONS, "Operations in the log");
    metrics::describe_gauge!(STORE_BYTES, "Bytes of the store on disk");
    metrics::describe_gauge!(WAITING_OPERATIONS, "Operations kept aside");
    metrics::describe_gauge!(DIGEST_CHANGED, "When the state digest changed last, in seconds since 1970");
}

/// Whether the node recovered, and takes operations.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// The node serves.
    pub fn ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Binds the address that Prometheus asks.
///
/// # Errors
/// [`MetricsError::Bind`]
pub async fn bind(address: SocketAddr) -> Result<TcpListener, MetricsError> {
    TcpListener::bind(address).await.map_err(|error| MetricsError::Bind { address, error })
}

/// Tells what was counted, until the node ends. `refresh` brings gauges up to date that nobody counts.
pub async fn serve(
    listener: TcpListener,
    handle: PrometheusHandle,
    readiness: Readiness,
    lifecycle: Lifecycle,
    refresh: impl Fn() + Clone + Send + Sync + 'static,
) {
    let upkeep = {
        let handle = handle.clone();
        async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        }
    };
    let told = warp::path!("metrics").map(move || {
        refresh();
        warp::reply::with_header(handle.render(), "content-type", "text/plain; version=0.0.4; charset=utf-8")
    });
    let live = warp::path!("live").map(|| "live\n".to_owned());
    let ready = warp::path!("ready").map(move || match readiness.is_ready() {
        true => warp::reply::with_status("ready\n".to_owned(), StatusCode::OK),
        false => warp::reply::with_status("not ready\n".to_owned(), StatusCode::SERVICE_UNAVAILABLE),
    });
    let ended = lifecycle.clone();
    let served = warp::serve(warp::get().and(told.or(live).or(ready)))
        .incoming(listener)
        .graceful(async move {
            ended.interrupted().await;
        })
        .run();
    tokio::select! {
        () = served => {}
        () = upkeep => {}
    }
}
