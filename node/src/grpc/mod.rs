//! The gRPC front end: decodes messages, calls ingest and reads, encodes what they answer. With health and reflection.

mod service;
mod submit;
mod subscribe;
mod typed;

use dmpc::v1::node_server::NodeServer;
use futures::StreamExt;
use tonic::transport::Server;

use crate::{config::Limits, ingest::Ingest, lifecycle::Lifecycle, listener::Listener, read::Reads};
use service::NodeService;
use typed::Typed;

/// Why the gRPC front end cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum GrpcError {
    /// The descriptors cannot be reflected.
    #[error("cannot reflect the services: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC front end failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves until the node ends and every stream that was accepted is answered.
///
/// # Errors
/// [`GrpcError`]
pub async fn serve(
    listener: Listener,
    ingest: Ingest,
    reads: Reads,
    lifecycle: Lifecycle,
    limits: &Limits,
) -> Result<(), GrpcError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<NodeServer<NodeService>>().await;
    let reflection =
        || tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(dmpc::DESCRIPTORS);
    let patience = Limits::seconds(limits.subscriber_seconds);
    let node = NodeService::new(ingest, reads, listener.accepts_open(), lifecycle.clone(), patience);
    let node = NodeServer::new(node).max_decoding_message_size(limits.frame_bytes);
    let connections = listener.connections(lifecycle.clone()).map(Ok::<_, std::io::Error>);
    let ended = async move {
        lifecycle.interrupted().await;
        health.set_not_serving::<NodeServer<NodeService>>().await;
    };
    Server::builder()
        .max_concurrent_streams(u32::try_from(limits.grpc_streams).unwrap_or(u32::MAX))
        .http2_max_pending_accept_reset_streams(Some(limits.grpc_resets))
        .http2_keepalive_interval(Some(Limits::seconds(limits.ping_seconds)))
        .http2_keepalive_timeout(Some(Limits::seconds(limits.silence_seconds - limits.ping_seconds)))
        .add_service(Typed::new(node))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        // What clients from before v1 ask for, Python's library among them.
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(connections, ended)
        .await?;
    Ok(())
}
