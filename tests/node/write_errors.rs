//! When a write fails, nobody is told that anything failed or succeeded: everybody is told that it is unknown, and the
//! process ends.

use dmpc::v1;

use super::scene::Scene;
use crate::support::client::{Refused, Via, items, transaction};

#[tokio::test]
async fn a_write_error_is_told_as_unknown_and_ends_the_node() {
    for via in Via::ALL {
        let code = via.ended(tonic::Code::Unknown, 4520);
        let mut scene = Scene::new().await;
        scene.server.restart_with_small_disk(512).await;
        let messages = scene.messages(3_000);
        let batches = messages.chunks(100).enumerate().map(|(index, chunk)| {
            items(u64::try_from(index * 100).unwrap(), chunk.iter().map(|message| transaction(&[message])))
        });
        let (acks, ended) = scene.client(via).await.submit_batches(batches.collect()).await;
        assert_eq!(ended, Some(Refused { reason: "unknown".to_owned(), code }));
        assert!(acks.iter().all(|ack| ack.state() == v1::TicketState::Success), "{acks:?}");
        assert!(acks.len() < messages.len());
        assert_eq!(scene.server.ended().await.code(), Some(1));
        assert!(scene.server.log().lines().any(|line| line.starts_with("dmpc-node: ")), "{}", scene.server.log());

        scene.server.restart();
        let transactions = messages[..acks.len()].chunks(100).map(|chunk| {
            let operations: Vec<_> = chunk.iter().collect();
            transaction(&operations)
        });
        let again = scene.client(via).await.submit(transactions.collect()).await;
        let outcomes = again.iter().flat_map(|ack| &ack.outcomes);
        assert!(outcomes.map(v1::Outcome::kind).all(|kind| kind == v1::OutcomeKind::Duplicate));
    }
}
