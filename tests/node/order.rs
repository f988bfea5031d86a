//! Results keep the order of their connection, whatever is in it and however much of it there is.

use bytes::Bytes;
use dmpc::v1;

use super::scene::Scene;
use crate::support::client::{Via, items, raw_transaction, transaction};

#[tokio::test]
async fn more_than_fits_in_flight_is_acknowledged_in_order() {
    let mut scene = Scene::new().await;
    // More operations than a connection may have in flight; the client takes its answers while it sends.
    let messages = scene.messages(3_000);
    for via in Via::ALL {
        let mut batches = Vec::new();
        for (index, chunk) in messages.chunks(200).enumerate() {
            let first = u64::try_from(index * 200).unwrap();
            batches.push(items(first, chunk.iter().map(|message| transaction(&[message]))));
        }
        let (acks, refused) = scene.client(via).await.submit_batches(batches).await;
        assert_eq!(refused, None);
        let ids: Vec<u64> = acks.iter().map(|ack| ack.client_id).collect();
        assert_eq!(ids, (0..3_000).collect::<Vec<u64>>());
        assert!(acks.iter().all(|ack| ack.state() == v1::TicketState::Success));
    }
    assert_eq!(scene.server.info().await.operations, 3_004);
}

#[tokio::test]
async fn transactions_of_many_operations_keep_their_order_and_size() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(1_500);
    let large = transaction(&messages[..1_024].iter().collect::<Vec<_>>());
    let small = |index: usize| transaction(&[&messages[index]]);
    for via in Via::ALL {
        let mut batch = vec![small(1_024), large.clone()];
        batch.extend((1_025..1_200).map(small));
        let acks = scene.client(via).await.submit(batch).await;
        assert_eq!(acks[1].outcomes.len(), 1_024);
        assert!(acks.iter().map(|ack| ack.client_id).eq(1..178));
    }
}

#[tokio::test]
async fn what_is_refused_is_answered_in_its_turn() {
    let mut scene = Scene::new().await;
    for via in Via::ALL {
        let messages = scene.messages(40);
        let transactions = messages.iter().enumerate().map(|(index, message)| match index % 4 {
            0 => Bytes::from_static(b"no transaction"),
            1 => raw_transaction(vec![Bytes::from_static(b"no operation")]),
            _ => transaction(&[message]),
        });
        let (acks, refused) = scene.client(via).await.submit_batches(vec![items(0, transactions)]).await;
        assert_eq!(refused, None);
        for (index, ack) in (0_u64..).zip(&acks) {
            assert_eq!(ack.client_id, index);
            let is_bad = index % 4 < 2;
            let expected = if is_bad { v1::TicketState::Failed } else { v1::TicketState::Success };
            assert_eq!(ack.state(), expected);
        }
        assert_eq!(acks.len(), 40);
    }
}

#[tokio::test]
async fn the_single_operation_of_an_idle_node_does_not_wait_for_company() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(20);
    for via in Via::ALL {
        let mut client = scene.client(via).await;
        let start = std::time::Instant::now();
        for message in &messages {
            client.submit_one(message).await;
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
