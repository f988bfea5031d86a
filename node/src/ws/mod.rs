//! The websocket front end: `ClientFrame`s in, `ServerFrame`s out, under the subprotocols `dmpc.v1.proto` and `dmpc.v1.json`.

mod codec;
mod connection;
mod handshake;
mod metered;
mod requests;
mod writer;

use std::sync::Arc;

use codec::Codec;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio_util::task::TaskTracker;
use warp::http::HeaderMap;

use crate::{
    arriving::Arriving,
    config::Limits,
    ingest::Ingest,
    lifecycle::Lifecycle,
    listener::{Connection, Listener, Origin},
    origins::Pages,
    read::Reads,
};

/// What every websocket works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The write path.
    pub ingest: Ingest,
    /// The read path.
    pub reads: Reads,
    /// Says when to end.
    pub lifecycle: Lifecycle,
    /// Which pages may connect from a browser.
    pages: Pages,
    /// What has arrived in part.
    arriving: Arriving,
    /// How much is taken.
    pub limits: Arc<Limits>,
    /// Every connection's task: stopping waits for them.
    tasks: TaskTracker,
}

impl Context {
    /// What the front end works with.
    pub fn new(
        ingest: Ingest,
        reads: Reads,
        lifecycle: Lifecycle,
        (pages, arriving): (Pages, Arriving),
        limits: Arc<Limits>,
    ) -> Self {
        Self { ingest, reads, lifecycle, pages, arriving, limits, tasks: TaskTracker::new() }
    }

    /// Whether the page that a handshake with these headers comes from may connect.
    fn may_open(&self, headers: &HeaderMap) -> bool {
        self.pages.may_connect(headers, None)
    }
}

/// Serves until the node ends and every connection has its last answer.
pub async fn serve(listener: Listener, context: Context) {
    let accepts_open = listener.accepts_open();
    let mut connections = std::pin::pin!(listener.connections(context.lifecycle.clone()));
    while let Some(connection) = connections.next().await {
        let origin = Origin::new(Some(connection.peer()), accepts_open);
        context.tasks.spawn(speak_http(connection, context.clone(), origin));
    }
    context.tasks.close();
    context.tasks.wait().await;
}

/// Speaks HTTP until the connection is upgraded; idle ones end with the node.
async fn speak_http(connection: Connection, context: Context, origin: Origin) {
    let (lifecycle, limits) = (context.lifecycle.clone(), Arc::clone(&context.limits));
    let service = TowerToHyperService::new(warp::service(handshake::filter(context, origin)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Limits::seconds(limits.greeting_seconds))
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        _ = lifecycle.interrupted() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended");
    }
}
