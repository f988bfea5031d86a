//! Bytes that are no transaction for this node: acknowledged as failed, with the protocol's own reason, on both front
//! ends; the node goes on.

use bytes::Bytes;
use dmpc::{
    error::Classified,
    request::Query,
    transaction::{Content, PipelineOptions, Transaction, encode},
    v1,
};
use prost::Message;

use super::scene::Scene;
use crate::support::client::{Via, raw_transaction, request, transaction};

/// The reason with which each front end refuses a transaction.
async fn reasons(scene: &Scene, bytes: &Bytes) -> Vec<String> {
    let mut reasons = Vec::new();
    for via in Via::ALL {
        let acks = scene.client(via).await.submit(vec![bytes.clone()]).await;
        assert_eq!((acks.len(), acks[0].state()), (1, v1::TicketState::Failed));
        let error = acks[0].error.clone().unwrap();
        assert!(error.detail.len() > error.reason.len(), "{error:?}");
        reasons.push(error.reason);
    }
    reasons
}

#[tokio::test]
async fn bytes_that_are_no_transaction() {
    let mut scene = Scene::new().await;
    let good = transaction(&[&scene.message("bob", "good")]);
    let changed = |change: fn(&mut v1::Transaction)| {
        let mut wire = v1::Transaction::decode(good.clone()).unwrap();
        change(&mut wire);
        Bytes::from(wire.encode_to_vec())
    };
    let cases = [
        Bytes::new(),
        Bytes::from_static(b"\xff\xff\xff"),
        good.slice(..good.len() - 1),
        changed(|wire| wire.version = 2),
        changed(|wire| wire.open = Bytes::new()),
        changed(|wire| wire.sealed = Bytes::from_static(b"not age")),
        vec![0; 1024 * 1024 + 1].into(),
    ];
    for bytes in cases {
        let expected = Transaction::decode(&bytes).unwrap_err().reason();
        assert_eq!(reasons(&scene, &bytes).await, [expected; 3]);
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn content_that_is_over_a_limit_or_none() {
    let scene = Scene::new().await;
    let overlong = raw_transaction(vec![vec![0; 512 * 1024 + 1].into()]);
    let too_many = raw_transaction(vec![Bytes::from_static(b"x"); 1_025]);
    let nothing = raw_transaction(Vec::new());
    for (bytes, reason) in [(overlong, "too_long"), (too_many, "too_many"), (nothing, "content_misplaced")] {
        assert_eq!(reasons(&scene, &bytes).await, [reason; 3]);
    }
}

#[tokio::test]
async fn a_transaction_sealed_to_somebody_else() {
    let mut scene = Scene::new().await;
    let message = scene.message("bob", "for another node");
    let content = Content::Operations(vec![message.bytes().clone()]);
    let sealed = encode(&content, PipelineOptions::default(), &[scene.cast.encryption_key("bob")]).unwrap();
    assert_eq!(reasons(&scene, &sealed).await, ["not_sealed_to_this_key"; 3]);
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_seal_that_was_tampered_with() {
    let scene = Scene::new().await;
    let recipient = scene.server.recipient().await;
    let content = Content::Operations(vec![Bytes::from_static(b"anything")]);
    let sealed = encode(&content, PipelineOptions::default(), &[recipient]).unwrap();
    let mut tampered = sealed.to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(reasons(&scene, &tampered.into()).await, ["tampered_seal"; 3]);
}

#[tokio::test]
async fn a_request_where_operations_belong() {
    let scene = Scene::new().await;
    let query = Query::channel(scene.room.id);
    let request = request(&scene.cast, "bob", &scene.server.node, &query);
    assert_eq!(reasons(&scene, &request).await, ["request_submitted"; 3]);
}

#[tokio::test]
async fn operations_beside_a_bad_one_run() {
    let mut scene = Scene::new().await;
    for via in Via::ALL {
        let messages = scene.messages(2);
        let bytes = |index: usize| messages[index].bytes().clone();
        let mixed = raw_transaction(vec![bytes(0), Bytes::from_static(b"no operation"), bytes(1)]);
        let acks = scene.client(via).await.submit(vec![mixed]).await;
        let kinds: Vec<_> = acks[0].outcomes.iter().map(v1::Outcome::kind).collect();
        assert_eq!(kinds, [v1::OutcomeKind::Applied, v1::OutcomeKind::Refused, v1::OutcomeKind::Applied]);
        assert_eq!(acks[0].state(), v1::TicketState::Failed);
        let reason = acks[0].error.clone().unwrap().reason;
        assert_eq!(reason, acks[0].outcomes[1].reason);
        assert!(acks[0].outcomes[1].operation.is_empty());
    }
}
