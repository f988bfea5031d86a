//! What a gRPC client finds beside the node's own service: health and reflection.

use crate::support::{operations::Cast, raw_grpc::call, server::Server};

#[tokio::test]
async fn it_is_healthy() {
    let server = Server::start(&Cast::new(1));
    let answer = call(&server.grpc, "/grpc.health.v1.Health/Check", b"\x0a\x0cdmpc.v1.Node").await.unwrap();
    // status = SERVING
    assert_eq!(answer, b"\x08\x01".as_slice());
}

#[tokio::test]
async fn it_describes_its_service() {
    let server = Server::start(&Cast::new(1));
    for path in [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        // list_services = ""
        let answer = call(&server.grpc, path, b"\x3a\x00").await.unwrap();
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains("dmpc.v1.Node"), "{text}");
    }
}
