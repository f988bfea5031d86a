//! One ingest path: a submission has the same outcome on both front ends.

use std::time::Duration;

use dmpc::{
    Permissions,
    keys::DecryptionKey,
    seal::open_age,
    transaction::{Content, Outgoing, PipelineOptions, encode},
    v1,
};
use prost::Message as _;
use rand_core::OsRng;

use super::scene::Scene;
use crate::support::client::{Via, grpc_client, items, now_ms, soon, transaction};

/// Client id, state, and kind and reason of each outcome.
type Shape = (u64, v1::TicketState, Vec<(v1::OutcomeKind, String)>);

fn shape(acks: &[v1::Ack]) -> Vec<Shape> {
    let outcomes =
        |ack: &v1::Ack| ack.outcomes.iter().map(|outcome| (outcome.kind(), outcome.reason.clone())).collect();
    acks.iter().map(|ack| (ack.client_id, ack.state(), outcomes(ack))).collect()
}

#[tokio::test]
async fn both_front_ends_give_the_same_outcomes() {
    let mut shapes = Vec::new();
    for via in Via::ALL {
        let mut scene = Scene::new().await;
        let message = scene.message("bob", "good morning");
        let by_carol = scene.message("carol", "may I?");
        let time = scene.tick();
        scene.cast.join("dave");
        let unknown_subject = scene.cast.update("root", "dave", &[dmpc::kinds::FieldWrite::Active(false)], time);
        let by_stranger = scene.cast.create("dave", "dave", Permissions::NONE, "", time);
        let transactions = [&message, &by_carol, &unknown_subject, &by_stranger, &message];
        let transactions = transactions.into_iter().map(|operation| transaction(&[operation])).collect();
        let acks = scene.client(via).await.submit(transactions).await;
        let latest: Vec<u64> = acks.iter().map(|ack| ack.latest).collect();
        assert_eq!(latest, vec![unknown_subject.timestamp().bits(); 5]);
        let ids: Vec<_> = acks.iter().map(|ack| ack.outcomes[0].operation.clone()).collect();
        assert_eq!(ids[0], message.id().as_bytes().as_slice());
        assert_eq!(ids[0], ids[4]);
        shapes.push(shape(&acks));
    }
    let expected = [
        (v1::OutcomeKind::Applied, ""),
        (v1::OutcomeKind::Rejected, "right_missing"),
        (v1::OutcomeKind::Pending, "unknown_subject"),
        (v1::OutcomeKind::Pending, "waits_for_certifier"),
        (v1::OutcomeKind::Duplicate, "duplicate"),
    ];
    let expected: Vec<_> = (1..)
        .zip(expected)
        .map(|(id, (kind, reason))| (id, v1::TicketState::Success, vec![(kind, reason.to_owned())]))
        .collect();
    assert_eq!(shapes, vec![expected; 3]);
}

#[tokio::test]
async fn a_duplicate_is_a_success_on_the_other_front_end_too() {
    let mut scene = Scene::new().await;
    for (first, second) in [(Via::Grpc, Via::Ws), (Via::Ws, Via::Json), (Via::Json, Via::Grpc)] {
        let message = scene.message("bob", "once");
        assert_eq!(scene.client(first).await.submit_one(&message).await.kind(), v1::OutcomeKind::Applied);
        assert_eq!(scene.client(second).await.submit_one(&message).await.kind(), v1::OutcomeKind::Duplicate);
    }
}

#[tokio::test]
async fn a_sealed_transaction_is_opened_by_the_node() {
    let mut scene = Scene::new().await;
    let recipient = scene.server.recipient().await;
    for via in Via::ALL {
        let message = scene.message("bob", "under seal");
        let content = Content::Operations(vec![message.bytes().clone()]);
        let options = PipelineOptions { read_result: true, ..PipelineOptions::default() };
        let sealed = encode(&content, options, &[recipient]).unwrap();
        let acks = scene.client(via).await.submit(vec![sealed]).await;
        assert_eq!(acks[0].outcomes[0].kind(), v1::OutcomeKind::Applied);
    }
}

#[tokio::test]
async fn outcomes_and_updates_come_only_when_asked_for() {
    let mut scene = Scene::new().await;
    for via in Via::ALL {
        let messages = scene.messages(2);
        let content = |index: usize| Content::Operations(vec![messages[index].bytes().clone()]);
        let quiet = encode(&content(0), PipelineOptions::default(), &[]).unwrap();
        let updates = PipelineOptions { read_status_updates: true, ..PipelineOptions::default() };
        let talkative = encode(&content(1), updates, &[]).unwrap();
        let acks = scene.client(via).await.submit(vec![quiet, talkative]).await;
        let states = |id| {
            let own = acks.iter().filter(move |ack| ack.client_id == id);
            own.map(v1::Ack::state).collect::<Vec<_>>()
        };
        assert_eq!(states(1), [v1::TicketState::Success]);
        assert_eq!(states(2), [v1::TicketState::Queued, v1::TicketState::Running, v1::TicketState::Success]);
        assert!(acks.iter().all(|ack| ack.outcomes.is_empty() && ack.error.is_none()));
    }
}

#[tokio::test]
async fn the_single_call_streams_the_updates_of_one_transaction() {
    let mut scene = Scene::new().await;
    let message = scene.message("bob", "one");
    let options = PipelineOptions { read_status_updates: true, read_result: true, keep_alive: false };
    let transaction = encode(&Content::Operations(vec![message.bytes().clone()]), options, &[]).unwrap();
    let mut client = grpc_client(&scene.server.grpc).await;
    let mut acks = client.submit(v1::SubmitRequest { transaction }).await.unwrap().into_inner();
    let mut states = Vec::new();
    while let Some(ack) = acks.message().await.unwrap() {
        states.push((ack.state(), ack.outcomes.len()));
    }
    let expected = [(v1::TicketState::Queued, 0), (v1::TicketState::Running, 0), (v1::TicketState::Success, 1)];
    assert_eq!(states, expected);
}

#[tokio::test]
async fn an_operation_ahead_of_the_clock_waits_for_its_time() {
    let mut scene = Scene::new().await;
    let ahead = dmpc::Hlc::from_millis(now_ms() + 65_000);
    let room = scene.room.clone();
    let message = scene.cast.message("bob", &room, "from the future", ahead);
    let outcome = scene.client(Via::Grpc).await.submit_one(&message).await;
    assert_eq!((outcome.kind(), outcome.reason.as_str()), (v1::OutcomeKind::Pending, "waits_for_time"));
    let before = scene.server.info().await.operations;
    let logged = async {
        while scene.server.info().await.operations == before {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon(logged).await;
    let info = scene.server.info().await;
    assert_eq!((info.operations, info.latest), (before + 1, ahead.bits()));
}

#[tokio::test]
async fn what_becomes_of_a_transaction_is_sealed_to_reply_to_when_it_asks_for_that() {
    let mut scene = Scene::new().await;
    let recipient = scene.server.recipient().await;
    let key = DecryptionKey::generate(&mut OsRng).unwrap();
    for via in Via::ALL {
        let (good, by_carol) = (scene.message("bob", "under seal"), scene.message("carol", "may I?"));
        let mut broken = good.bytes().to_vec();
        broken.truncate(100);
        let content = Content::Operations(vec![good.bytes().clone(), by_carol.bytes().clone(), broken.into()]);
        let options = PipelineOptions { read_result: true, read_status_updates: true, keep_alive: false };
        let reply_to = Some(key.encryption_key().unwrap());
        let sealed = Outgoing { content: &content, options, transmission: &[], reply_to, recipients: &[recipient] };
        let (acks, _) = scene.client(via).await.submit_batches(vec![items(7, [sealed.encode().unwrap()])]).await;
        let states: Vec<_> = acks.iter().map(|ack| (ack.client_id, ack.state())).collect();
        let expected = [v1::TicketState::Queued, v1::TicketState::Running, v1::TicketState::Failed];
        assert_eq!(states, expected.map(|state| (7, state)));
        let (updates, end) = (&acks[..2], &acks[2]);
        assert!(updates.iter().all(|ack| ack.sealed.is_empty()));
        assert_eq!((&end.error, end.outcomes.len()), (&None, 0), "nothing of it stands outside of the seal");

        let inside = open_age(&end.sealed, &key, 1, 1 << 20).unwrap();
        let inside = v1::Ack::decode(inside.as_slice()).unwrap();
        assert_eq!((inside.client_id, inside.state, inside.latest), (end.client_id, end.state, end.latest));
        let kinds: Vec<_> = inside.outcomes.iter().map(v1::Outcome::kind).collect();
        use v1::OutcomeKind::{Applied, Refused, Rejected};
        assert_eq!(kinds, [Applied, Rejected, Refused]);
        assert_eq!(inside.outcomes[0].operation, good.id().as_bytes().as_slice());
        assert_eq!(inside.error.unwrap().reason, "truncated");
        let other = DecryptionKey::generate(&mut OsRng).unwrap();
        assert!(open_age(&end.sealed, &other, 1, 1 << 20).is_err());
    }
}
