//! Many connections that send as fast as they are answered: nothing acknowledged is lost.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dmpc::{Hlc, OpId, Permissions, Rights, v1};
use dmpc_storage::{export::export, replay::replay};

use super::numbers::{of, say};
use crate::support::{
    client::{Client, Via, now_ms, transaction},
    operations::{Cast, Room, Seeded},
    server::{Server, node_program},
};

/// Messages in one batch.
const BATCH: usize = 16;

fn name(number: usize) -> String {
    format!("user{number}")
}

/// The same people in every task.
fn cast(people: usize) -> Cast {
    let mut cast = Cast::new(1);
    (0..people).for_each(|number| cast.join(&name(number)));
    cast
}

/// A node on which so many users may write in one channel.
async fn prepare(people: usize) -> (Server, Room) {
    let mut cast = cast(people);
    let mut server = Server::start(&cast);
    let mut program = node_program();
    program.env("DMPC_LIMITS_CONNECTIONS_PER_ADDRESS", "10000");
    server.restart_as(program).await;
    let time = Hlc::from_millis(now_ms() - 60_000);
    let names: Vec<String> = (0..people).map(name).collect();
    let mut operations: Vec<_> =
        names.iter().map(|name| cast.create("root", name, Permissions::NONE, name, time)).collect();
    let both = Rights::READ.union(Rights::WRITE);
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), both)).collect();
    let time = Hlc::from_millis(now_ms() - 59_000);
    let (open, room) = cast.open("root", "crowd", &members, time);
    operations.push(open);
    let mut client = Client::connect(&server, Via::Grpc).await;
    for operation in &operations {
        assert_eq!(client.submit_one(operation).await.kind(), v1::OutcomeKind::Applied);
    }
    (server, room)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_many_senders_were_acknowledged_is_lost() {
    let connections = of("DMPC_SOAK_CONNECTIONS", 12);
    let seconds = of("DMPC_SOAK_SECONDS", 3);
    let (mut server, room) = prepare(connections).await;
    let end = Instant::now() + Duration::from_secs(seconds.try_into().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            // Half of them each; websockets under both subprotocols.
            let via = [Via::Grpc, Via::Ws, Via::Grpc, Via::Json][number % 4];
            let addresses = (server.grpc.clone(), server.ws.clone());
            let (room, sent) = (room.clone(), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut cast = Cast::new(1);
                cast.join(&name(number));
                let client = Client::connect_to(&addresses.0, &addresses.1, via).await;
                send(client, cast, name(number), room, end, sent).await
            })
        })
        .collect();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(5).min(end.saturating_duration_since(Instant::now()))).await;
        say(&format!("  acknowledged {}", sent.load(Ordering::Relaxed)));
    }
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    assert_eq!(acknowledged.len(), sent.load(Ordering::Relaxed));
    // Nobody is told, nothing is flushed.
    server.kill();
    let mut lost = acknowledged.clone();
    let scratch = tempfile::TempDir::new().unwrap();
    export(&server.data().join("store"), scratch.path(), |key, _| {
        lost.remove(&key.id);
        true
    })
    .unwrap();
    say(&format!(
        "senders: {connections} connections for {seconds} s\n  acknowledged: {} ({} a second)\n  not in the log: {}",
        acknowledged.len(),
        acknowledged.len() / seconds,
        lost.len()
    ));
    assert!(acknowledged.len() >= connections * BATCH);
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());
    // And what the log means is what the node would say.
    server.restart();
    let info = server.info().await;
    server.kill();
    let (store, scratch) = (server.data().join("store"), tempfile::TempDir::new().unwrap());
    let report = replay(&store, scratch.path(), Default::default(), &mut Seeded::new(0, "replay"), |_, _| {}).unwrap();
    assert!(report.agrees(), "{report:?}");
    assert_eq!((report.operations, report.state_digest.as_slice()), (info.operations, info.state_digest.as_ref()));
}

/// Sends batches until the end; the ids of what was acknowledged as applied.
async fn send(
    mut client: Client,
    mut cast: Cast,
    name: String,
    room: Room,
    end: Instant,
    sent: Arc<AtomicUsize>,
) -> Vec<OpId> {
    let mut acknowledged = Vec::new();
    let mut last = 0;
    while Instant::now() < end {
        let messages: Vec<_> = (0..BATCH)
            .map(|_| {
                last = now_ms().max(last + 1);
                cast.message(
                    name.as_str(),
                    &room,
                    "a message of about a hundred bytes, as people write them",
                    Hlc::from_millis(last),
                )
            })
            .collect();
        let acks = client.submit(messages.iter().map(|message| transaction(&[message])).collect()).await;
        assert_eq!(acks.len(), BATCH);
        for (ack, message) in acks.iter().zip(&messages) {
            assert_eq!(ack.outcomes[0].kind(), v1::OutcomeKind::Applied, "{ack:?}");
            acknowledged.push(message.id());
        }
        sent.fetch_add(BATCH, Ordering::Relaxed);
    }
    acknowledged
}
