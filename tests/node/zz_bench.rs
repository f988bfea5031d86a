//! temporary
use super::scene::Scene;
use crate::support::client::{Via, items, transaction};

#[tokio::test]
#[ignore]
async fn bench() {
    let mut scene = Scene::new().await;
    let messages = scene.messages(60_000);
    for (via, range) in [(Via::Grpc, 0..20_000), (Via::Ws, 20_000..40_000), (Via::Grpc, 40_000..60_000)] {
        let batches: Vec<_> = messages[range]
            .chunks(256)
            .enumerate()
            .map(|(i, chunk)| items(u64::try_from(i * 256).unwrap(), chunk.iter().map(|m| transaction(&[m]))))
            .collect();
        let start = std::time::Instant::now();
        let (acks, refused) = scene.client(via).await.submit_batches(batches).await;
        assert_eq!(refused, None);
        eprintln!("{via:?} {} acks in {:?}: {:.0}/s", acks.len(), start.elapsed(), acks.len() as f64 / start.elapsed().as_secs_f64());
    }
}
