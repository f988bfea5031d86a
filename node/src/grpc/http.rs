//! HTTP below gRPC: version 2 for gRPC itself, and version 1.1 besides for gRPC-web. One task for each connection.

use std::convert::Infallible;

use hyper::body;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tonic::{
    body::Body,
    codegen::{Service, http},
    transport::server::Connected,
};
use tower::ServiceExt;

use super::patience::{Incoming, Outgoing, Patience};
use crate::{
    config::{GRPC_WINDOW_BYTES, HTTP_HEADER_BYTES, HTTP1_BUFFER_BYTES, Limits},
    lifecycle::Lifecycle,
    listener::Connection,
};

/// How HTTP is spoken.
pub(super) fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Limits::seconds(limits.greeting_seconds))
        .max_buf_size(HTTP1_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(u32::try_from(limits.grpc_streams).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.grpc_resets)
        .max_header_list_size(HTTP_HEADER_BYTES)
        .initial_stream_window_size(GRPC_WINDOW_BYTES)
        .initial_connection_window_size(GRPC_WINDOW_BYTES)
        .keep_alive_interval(Limits::seconds(limits.ping_seconds))
        .keep_alive_timeout(Limits::seconds(limits.silence_seconds - limits.ping_seconds));
    builder
}

/// Serves a connection until it ends, or is idle and the node ends.
pub(super) async fn speak<S>(
    connection: Connection,
    builder: Builder<TokioExecutor>,
    service: S,
    patience: Patience,
    lifecycle: Lifecycle,
) where
    S: Service<http::Request<Incoming<body::Incoming>>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let peer = connection.connect_info();
    let waited = patience.clone();
    let service = service
        .map_request(move |mut request: http::Request<body::Incoming>| {
            request.extensions_mut().insert(peer.clone());
            // HTTP/2 has pings, and streams that are open for long.
            let patience = (request.version() < http::Version::HTTP_2).then_some(&waited);
            request.map(|body| Incoming::new(body, patience))
        })
        .map_response({
            let patience = patience.clone();
            move |response: http::Response<Body>| response.map(|body| Outgoing::new(body, patience.clone()))
        });
    let served = builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = patience.over() => {
            tracing::debug!("an HTTP connection was held up for too long");
            return;
        }
        _ = lifecycle.interrupted() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended");
    }
}
