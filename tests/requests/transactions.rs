//! Transactions: what is not understood, and several operations of which some are refused.

use bytes::Bytes;
use dmpc::{
    transaction::{Content, PipelineOptions, encode},
    v1,
};
use prost::Message as _;

use super::{Answer, Call, Case, Stage, flaws, questions};
use crate::support::client::{now_ms, raw_transaction, request_at, transaction};

/// Vectors of other listeners and other nodes, which say something else here.
const OF_ANOTHER_NODE: [&str; 2] =
    ["transaction/flaw/open_where_sealed_ones_are_wanted", "transaction/flaw/seal_changed"];

fn case(name: impl Into<String>, transaction: Bytes, answer: Answer) -> Case {
    Case { name: name.into(), call: Call::Submit, transaction, answer }
}

pub(super) fn cases(stage: &mut Stage) -> Vec<Case> {
    let mut cases = well_formed(stage);
    cases.extend(not_understood(stage));
    for (name, whole) in flaws::files("transaction/flaw") {
        if !OF_ANOTHER_NODE.contains(&name.as_str()) {
            let answer = Answer::not_understood(&flaws::text(&whole["expected"]["reason"]));
            cases.push(case(name, flaws::bytes(&whole["inputs"]["transaction"]), answer));
        }
    }
    cases
}

/// A message of bob.
fn said(stage: &mut Stage) -> Bytes {
    let (room, time) = (stage.room.clone(), stage.tick());
    stage.cast.message("bob", &room, "said", time).bytes().clone()
}

fn well_formed(stage: &mut Stage) -> Vec<Case> {
    let options = PipelineOptions { read_result: true, ..PipelineOptions::default() };
    let sealed = encode(&Content::Operations(vec![said(stage)]), options, &[stage.recipient]).unwrap();
    let beside = raw_transaction(vec![said(stage), Bytes::from_static(b"no operation"), said(stage)]);
    let silent = encode(&Content::Operations(vec![said(stage)]), PipelineOptions::default(), &[]).unwrap();
    vec![
        case("sealed", sealed, Answer::success("applied")),
        case(
            "operations beside a bad one",
            beside,
            Answer::Ticket("failed unknown_field: applied, refused unknown_field, applied".to_owned()),
        ),
        case("one that does not ask for its result", silent, Answer::Ticket("success:".to_owned())),
    ]
}

fn not_understood(stage: &mut Stage) -> Vec<Case> {
    let anything = Content::Operations(vec![Bytes::from_static(b"anything")]);
    let sealed = encode(&anything, PipelineOptions::default(), &[stage.recipient]).unwrap();
    let mut tampered = sealed.to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    let whole = {
        let (room, time) = (stage.room.clone(), stage.tick());
        transaction(&[&stage.cast.message("bob", &room, "said", time)])
    };
    let request = request_at(&stage.cast, "bob", &stage.server.node, &questions::channels(), now_ms(), None);
    let with = |change: fn(&mut v1::TransactionContent)| {
        let mut content = v1::TransactionContent { operations: vec![Bytes::from_static(b"x")], ..Default::default() };
        change(&mut content);
        let open = content.encode_to_vec().into();
        Bytes::from(v1::Transaction { version: 1, open, ..Default::default() }.encode_to_vec())
    };
    let strange_key = with(|content| content.reply_to = vec![0; 31].into());
    let small_key = with(|content| content.reply_to = [&[1][..], &[0; 31]].concat().into());
    let misplaced = with(|content| {
        content.request = content.operations.pop().unwrap();
        content.reply_to = vec![9; 32].into();
    });
    let cases = [
        ("a key for the answer beside a request", misplaced, "reply_to_misplaced"),
        ("no bytes", Bytes::new(), "unknown_version"),
        ("no protobuf", Bytes::from_static(b"\xff\xff\xff"), "truncated"),
        ("one that ends early", whole.slice(..whole.len() - 1), "truncated"),
        ("a trailing byte", [&whole[..], &[0]].concat().into(), "unknown_field"),
        ("a seal that was tampered with", tampered.into(), "tampered_seal"),
        ("a request", request, "request_submitted"),
        ("no operation", raw_transaction(Vec::new()), "content_misplaced"),
        ("a key of another length for the answer", strange_key, "wrong_length"),
        ("a key of small order for the answer", small_key, "small_order_encryption_key"),
    ];
    let found = cases
        .into_iter()
        .map(|(name, bytes, reason)| case(format!("transaction: {name}"), bytes, Answer::not_understood(reason)));
    found.collect()
}
