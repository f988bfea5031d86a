//! A client that does not take its answers is not read from, holds bounded memory, and keeps nobody waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dmpc::v1;
use futures::stream;

use super::scene::Scene;
use crate::support::client::{Client, Via, items, soon, transaction};

#[tokio::test]
async fn who_takes_no_answers_is_not_read_from() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(256);
    let batch = v1::SubmitBatch { items: items(0, messages.iter().map(|message| transaction(&[message]))) };
    let Client::Grpc(mut client) = scene.client(Via::Grpc).await else { unreachable!() };
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    // The same messages again and again, for as long as somebody pulls.
    let batches = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        batch.clone()
    });
    let mut acks = client.submit_stream(batches).await.unwrap().into_inner();
    let stalled = async {
        let mut seen = 0;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = pulled.load(Ordering::Relaxed);
            if now > 0 && now == seen {
                return now;
            }
            seen = now;
        }
    };
    let stalled = soon(stalled).await;
    scene.assert_node_goes_on().await;
    // What is taken makes room for more.
    let resumed = async {
        while pulled.load(Ordering::Relaxed) <= stalled + 16 {
            assert!(!acks.message().await.unwrap().unwrap().acks.is_empty());
        }
    };
    soon(resumed).await;
}
