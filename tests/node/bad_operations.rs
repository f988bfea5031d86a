//! Bytes that are no authentic operation: refused with the protocol's own reason, on both front ends, without a trace.

use bytes::Bytes;
use dmpc::{SignedOperation, VerifiedOperation, error::Classified, v1};
use prost::Message;

use super::scene::Scene;
use crate::support::client::{Via, raw_transaction, transaction};

/// The operation with its header changed; its signature no longer fits.
fn with_header(operation: &VerifiedOperation, change: impl FnOnce(&mut v1::Header)) -> Bytes {
    let mut wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    let mut body = v1::Body::decode(wire.body).unwrap();
    let mut header = v1::Header::decode(body.header).unwrap();
    change(&mut header);
    body.header = header.encode_to_vec().into();
    wire.body = body.encode_to_vec().into();
    wire.encode_to_vec().into()
}

fn with_signature(operation: &VerifiedOperation, change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    let mut signature = wire.signature.to_vec();
    change(&mut signature);
    wire.signature = signature.into();
    wire.encode_to_vec().into()
}

/// Why the protocol refuses bytes.
fn expected(bytes: &Bytes) -> &'static str {
    match SignedOperation::decode(bytes.clone()) {
        Ok(operation) => operation.verify().unwrap_err().reason(),
        Err(error) => error.reason(),
    }
}

#[tokio::test]
async fn bytes_that_are_no_operation() {
    let mut scene = Scene::new().await;
    let message = scene.message("bob", "good");
    let alice_key = scene.cast.identity("alice").signing.verifying_key();
    let cases = [
        (Bytes::from_static(b"\xff\xff\xff"), "truncated"),
        (message.bytes().slice(..message.bytes().len() - 1), "truncated"),
        (with_header(&message, |header| header.kind = 99), "unknown_kind"),
        (with_header(&message, |header| header.version = 2), "unknown_version"),
        (with_header(&message, |header| header.issued_at += 1), "bad_signature"),
        (with_header(&message, |header| header.issuer_key = vec![1; 32].into()), "bad_signature"),
        (with_header(&message, |header| header.issuer_key = vec![0; 32].into()), "small_order_signing_key"),
        (
            with_header(&message, |header| header.issuer_key = Bytes::copy_from_slice(alice_key.as_bytes())),
            "bad_signature",
        ),
        (with_signature(&message, |signature| signature[0] ^= 1), "bad_signature"),
        (with_signature(&message, |signature| signature.truncate(63)), "wrong_length"),
    ];
    let before = scene.server.info().await.operations;
    for (bytes, word) in cases {
        assert_eq!(expected(&bytes), word);
        for via in Via::ALL {
            let acks = scene.client(via).await.submit(vec![raw_transaction(vec![bytes.clone()])]).await;
            let outcome = &acks[0].outcomes[0];
            assert_eq!((outcome.kind(), outcome.reason.as_str()), (v1::OutcomeKind::Refused, word));
            assert_eq!(acks[0].error.clone().unwrap().reason, word);
            assert!(!outcome.detail.is_empty());
            let is_operation = word == "bad_signature";
            assert_eq!(outcome.operation.len(), if is_operation { 32 } else { 0 });
        }
    }
    assert_eq!(scene.server.info().await.operations, before);
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_key_that_is_not_the_issuers_is_logged_and_has_no_effect() {
    let mut scene = Scene::new().await;
    let time = scene.tick();
    let rotation = scene.cast.rotate("bob", "bob", "former bob", time);
    scene.apply(&[rotation]).await;
    for via in Via::ALL {
        let message = scene.message("former bob", "with the old key");
        let outcome = scene.client(via).await.submit_one(&message).await;
        assert_eq!((outcome.kind(), outcome.reason.as_str()), (v1::OutcomeKind::Rejected, "certifier_key"));
    }
    scene.assert_node_goes_on().await;
}

#[tokio::test]
async fn a_forger_costs_the_others_of_its_batch_nothing() {
    let mut scene = Scene::new().await;
    for via in Via::ALL {
        let messages = scene.messages(100);
        let transactions = messages.iter().enumerate().map(|(index, message)| {
            if index % 10 == 3 {
                raw_transaction(vec![with_signature(message, |signature| signature[5] ^= 4)])
            } else {
                transaction(&[message])
            }
        });
        let acks = scene.client(via).await.submit(transactions.collect()).await;
        for (index, ack) in acks.iter().enumerate() {
            let kind = if index % 10 == 3 { v1::OutcomeKind::Refused } else { v1::OutcomeKind::Applied };
            assert_eq!(ack.outcomes[0].kind(), kind);
        }
    }
}
