//! A listener that others can reach takes sealed transactions only.

use dmpc::{
    request::Query,
    transaction::{Content, PipelineOptions, encode},
    v1,
};

use super::scene::Scene;
use crate::support::client::{Via, raw_request, request, transaction};

#[tokio::test]
async fn what_is_not_sealed_is_refused_there() {
    let mut scene = Scene::new().await;
    scene.server.restart_on_every_address().await;
    assert!(!scene.server.info().await.accepts_open);
    let recipient = scene.server.recipient().await;
    let query = Query::channel(scene.room.id);
    for via in Via::ALL {
        let message = scene.message("bob", "in the open");
        let acks = scene.client(via).await.submit(vec![transaction(&[&message])]).await;
        assert_eq!(acks[0].state(), v1::TicketState::Failed);
        assert_eq!(acks[0].error.clone().unwrap().reason, "seal_required");
        let open = request(&scene.cast, "bob", &scene.server.node, &query);
        let refused = scene.client(via).await.read(&query, open).await.unwrap_err();
        assert_eq!(refused.reason, "seal_required");
        let refused = scene.client(via).await.read(&query, raw_request(b"anything")).await.unwrap_err();
        assert_eq!(refused.reason, "seal_required");

        let content = Content::Operations(vec![message.bytes().clone()]);
        let sealed = encode(&content, PipelineOptions::default(), &[recipient]).unwrap();
        let acks = scene.client(via).await.submit(vec![sealed]).await;
        assert_eq!(acks[0].state(), v1::TicketState::Success);
    }
}
