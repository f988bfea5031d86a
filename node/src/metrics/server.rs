//! The small HTTP server that Prometheus and service managers ask.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use warp::{Filter, http::StatusCode};

use super::{MetricsError, Observer};
use crate::lifecycle::Lifecycle;

/// How often what was counted is folded together, so that memory stays bounded when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Whether the node recovered, and takes operations.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<OnceLock<Observer>>);

impl Readiness {
    /// The node serves, and can be looked at.
    pub fn ready(&self, observer: Observer) {
        // It becomes ready once.
        self.0.set(observer).ok();
    }
}

/// Binds the address that Prometheus asks.
///
/// # Errors
/// [`MetricsError::Bind`]
pub async fn bind(address: SocketAddr) -> Result<TcpListener, MetricsError> {
    TcpListener::bind(address).await.map_err(|error| MetricsError::Bind { address, error })
}

/// Tells what was counted, until the node ends.
pub async fn serve(listener: TcpListener, handle: PrometheusHandle, readiness: Readiness, lifecycle: Lifecycle) {
    let upkeep = {
        let handle = handle.clone();
        async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        }
    };
    let observed = readiness.clone();
    let told = warp::path!("metrics").map(move || {
        if let Some(observer) = observed.0.get() {
            observer.look();
        }
        warp::reply::with_header(handle.render(), "content-type", "text/plain; version=0.0.4; charset=utf-8")
    });
    let live = warp::path!("live").map(|| "live\n".to_owned());
    let ready = warp::path!("ready").map(move || match readiness.0.get() {
        Some(observer) => warp::reply::with_status(observer.readiness(), StatusCode::OK),
        None => warp::reply::with_status("not ready\n".to_owned(), StatusCode::SERVICE_UNAVAILABLE),
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
