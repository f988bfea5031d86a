//! What Prometheus is told: the names of all metrics ([`names`]), what is looked up when somebody asks ([`observe`]), and the
//! small HTTP server that tells them, with `/live` and `/ready` ([`server`]).
//!
//! Everything is counted through the `metrics` crate: without a recorder, which only the binary installs, counting costs a
//! look at one atomic. No label ever holds an id, a name or an address: their number has no bound. `docs/METRICS.md` is the
//! table for operators; a specification holds it to what is told.

pub mod names;
pub mod observe;
pub mod server;

pub use names::*;
pub use observe::Observer;
pub use server::{Readiness, bind, serve};

use std::{io, net::SocketAddr};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of the buckets of times, in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of the buckets of batch sizes.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

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
    ::metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Installed)?;
    names::describe();
    names::begin();
    Ok(handle)
}

/// A number as a gauge has it: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub fn float(number: usize) -> f64 {
    number as f64
}
