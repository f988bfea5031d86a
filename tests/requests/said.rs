//! The list, sent by the clients in Rust.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{request::Query, v1};
use dmpc_storage::{Missing, Rejection};

use super::{Call, Case, Stage, list};
use crate::{
    protocol::refusals::listed,
    support::client::{Client, Code, Refused, Via, is_final},
};

/// Reasons that one request to a node at work is never told; docs/REFUSALS.md says where each is shown.
const NOT_TOLD: [(&str, &[&str]); 6] = [
    (
        "what ends a connection or names a subscription",
        &[
            "undecodable",
            "not_json",
            "trailing_bytes",
            "lone_surrogate",
            "duplicate_key",
            "too_deep",
            "text_frame",
            "binary_frame",
            "not_one_field",
            "id_in_use",
            "unsubscribed",
            "no_subscription",
            "websocket_protocol",
            "frame_too_large",
            "batch_items",
            "batch_bytes",
        ],
    ),
    (
        "load",
        &[
            "overloaded",
            "quota",
            "store_full",
            "too_fast",
            "too_many_requests",
            "too_many_sessions",
            "too_many_subscriptions",
            "slow_subscriber",
            "silence",
        ],
    ),
    ("other listeners, a node that stops, and faults", &["seal_required", "shutting_down", "unknown", "internal"]),
    (
        "sealing, by who does it and by who may open",
        &["bad_recipient", "too_large", "wrap_mismatch", "key_id_mismatch", "other_epoch", "not_a_message"],
    ),
    (
        "frames between nodes",
        &[
            "peer_frame_not_one_field",
            "peer_frame_too_large",
            "peer_operations_misplaced",
            "peer_outcomes_misplaced",
            "peer_terms_contradict",
            "peer_want_unordered",
            "reconcile_bound",
            "reconcile_misordered",
            "reconcile_mode",
            "reconcile_number",
            "reconcile_repeated",
            "reconcile_truncated",
            "reconcile_version",
        ],
    ),
    (
        "what clients alone look at",
        &[
            "same_operation",
            "other_user",
            "other_key",
            "other_place",
            "not_an_equivocation",
            "not_two_operations",
            "other_text",
            "not_the_certifier",
            "operation_too_large",
            "bad_encryption_key",
            "bad_secret_key",
            "other_node_keys",
        ],
    ),
];

/// What became of a transaction, in the words of [`Answer::Ticket`].
fn ticket(acks: &[v1::Ack]) -> String {
    let ack = acks.iter().find(|ack| is_final(ack)).unwrap();
    let word = |name: &str, prefix: &str| name.strip_prefix(prefix).unwrap().to_lowercase();
    let outcomes = ack.outcomes.iter().map(|outcome| {
        let kind = word(outcome.kind().as_str_name(), "OUTCOME_KIND_");
        format!("{kind} {}", outcome.reason).trim_end().to_owned()
    });
    let outcomes = outcomes.collect::<Vec<_>>().join(", ");
    let state = word(ack.state().as_str_name(), "TICKET_STATE_");
    let reason = ack.error.as_ref().map_or("", |error| &error.reason);
    let head = format!("{state} {reason}").trim_end().to_owned();
    format!("{head}: {outcomes}").trim_end().to_owned()
}

/// What a front end says to a case, in words, and the code.
async fn said(stage: &Stage, via: Via, case: &Case) -> [String; 2] {
    let mut client = Client::connect(&stage.server, via).await;
    let transaction = case.transaction.clone();
    let answered = match &case.call {
        Call::Submit => return [ticket(&client.submit(vec![transaction]).await), String::new()],
        Call::Ask(Query::Subscribe { .. }) => match client.subscribe(transaction).await {
            Ok(mut events) => events.next_batch().await.err(),
            Err(refused) => Some(refused),
        },
        Call::Ask(query) => client.read(query, transaction).await.err(),
    };
    let Some(Refused { reason, code }) = answered else { return ["given".to_owned(), String::new()] };
    let code = match code {
        Code::Grpc(code) => super::name_of(code),
        Code::Closed(code) => code.to_string(),
        Code::Answered => "answer".to_owned(),
    };
    [format!("refused {reason}"), code]
}

#[tokio::test]
async fn every_request_of_the_list_is_told_the_same_on_every_front_end() {
    for via in Via::ALL {
        let mut stage = Stage::new().await;
        let (mut wanted, mut found) = (BTreeMap::new(), BTreeMap::new());
        for case in list(&mut stage) {
            found.insert(case.name.clone(), said(&stage, via, &case).await);
            wanted.insert(case.name, case.answer.said(via));
        }
        let differences: Vec<_> = wanted.iter().filter(|(name, answer)| found[*name] != **answer).collect();
        let found: Vec<_> = differences.iter().map(|(name, _)| &found[*name]).collect();
        assert!(differences.is_empty(), "{via:?}: {differences:?} was expected, {found:?} was said");
    }
}

#[tokio::test]
async fn the_list_has_every_query_every_kind_every_verdict_and_every_reason_that_a_request_is_told() {
    let mut stage = Stage::new().await;
    let cases = list(&mut stage);
    let said: String = cases.iter().map(|case| case.answer.said(Via::Grpc)[0].clone() + "\n").collect();
    let words: BTreeSet<&str> = said.split([' ', '\n', ',', ':']).collect();
    let verdicts = Missing::ALL.iter().map(|one| one.word()).chain(Rejection::ALL.iter().map(|one| one.word()));
    let absent: Vec<_> = verdicts.filter(|word| !words.contains(word)).collect();
    assert!(absent.is_empty(), "no request has the verdict {absent:?}");
    let not_told: BTreeSet<&str> = NOT_TOLD.iter().flat_map(|(_, reasons)| reasons.iter().copied()).collect();
    let reasons: BTreeSet<String> = listed().into_iter().map(|(_, reason)| reason).collect();
    let told: BTreeSet<&str> = reasons.iter().map(String::as_str).filter(|reason| !not_told.contains(reason)).collect();
    let absent: Vec<_> = told.difference(&words).collect();
    assert!(absent.is_empty(), "no request is told {absent:?}");
    let both: Vec<_> = not_told.intersection(&words).collect();
    assert!(both.is_empty(), "these are told, after all: {both:?}");
    for query in ["users", "channel", "channels", "messages", "keys", "subscribe", "submit"] {
        assert!(cases.iter().any(|case| case.call.word() == query), "no request asks for {query}");
    }
    for kind in dmpc::kinds::Kind::ALL {
        let name = format!("applied: {}", kind.name());
        assert!(cases.iter().any(|case| case.name == name), "no operation is of the kind {name}");
    }
}
