//! The gRPC front end: decodes messages, calls ingest and reads, encodes what they answer. With health and reflection; with
//! gRPC-web for browsers, on the same port.

mod counted;
mod http;
mod pages;
mod patience;
mod service;
mod submit;
mod subscribe;
mod typed;

use dmpc::v1::node_server::NodeServer;
use futures::StreamExt;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::Layer;

use crate::{
    arriving::Arriving, config::Limits, ingest::Ingest, lifecycle::Lifecycle, listener::Listener, origins::Pages,
    read::Reads,
};
use counted::Counted;
use pages::ForPages;
use patience::Patience;
use service::NodeService;
use typed::Typed;

/// Who comes in, and with how much.
#[derive(Debug)]
pub struct Door {
    /// The pages that may call from a browser.
    pub pages: Pages,
    /// What has arrived in part.
    pub arriving: Arriving,
}

/// Why the gRPC front end cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum GrpcError {
    /// The descriptors cannot be reflected.
    #[error("cannot reflect the services: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
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
    door: Door,
    limits: &Limits,
) -> Result<(), GrpcError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<NodeServer<NodeService>>().await;
    let reflection =
        || tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(dmpc::DESCRIPTORS);
    let patience = Limits::seconds(limits.subscriber_seconds);
    let node = NodeService::new(ingest, reads, listener.accepts_open(), lifecycle.clone(), patience);
    let node = NodeServer::new(node).max_decoding_message_size(limits.frame_bytes);
    let routes = Routes::new(Typed::new(node))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        // What clients from before v1 ask for, Python's library among them.
        .add_service(reflection().build_v1alpha()?)
        .prepare();
    let service = ForPages::new(GrpcWebLayer::new().layer(Counted::new(routes, door.arriving)), door.pages);
    let builder = http::builder(limits);
    let tasks = TaskTracker::new();
    let mut connections = std::pin::pin!(listener.connections(lifecycle.clone()));
    while let Some(connection) = connections.next().await {
        // Longer than a subscriber has, which is told why it is ended.
        let patience = Patience::new(Limits::seconds(limits.silence_seconds));
        tasks.spawn(http::speak(connection, builder.clone(), service.clone(), patience, lifecycle.clone()));
    }
    health.set_not_serving::<NodeServer<NodeService>>().await;
    tasks.close();
    tasks.wait().await;
    Ok(())
}
