//! What the node refuses, told to Python with the codes and reasons of the document, on both front ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::house::House;

use super::{VIAS, python};

/// A request, its reason, class and gRPC status.
const REQUESTS: [(&str, &str, &str, &str); 11] = [
    ("tampered_request", "bad_signature", "unauthentic", "UNAUTHENTICATED"),
    ("expired_request", "request_expired", "stale_request", "FAILED_PRECONDITION"),
    ("early_request", "request_ahead", "stale_request", "FAILED_PRECONDITION"),
    ("replayed_request", "request_replayed", "stale_request", "FAILED_PRECONDITION"),
    ("request_of_other_node", "other_node", "stale_request", "FAILED_PRECONDITION"),
    ("request_of_stranger", "unknown_user", "permission_denied", "PERMISSION_DENIED"),
    ("two_queries", "not_one_query", "malformed", "INVALID_ARGUMENT"),
    ("unknown_channel", "unknown_channel", "not_found", "NOT_FOUND"),
    ("bad_cursor", "reset", "stale_request", "FAILED_PRECONDITION"),
    ("operations_read", "not_a_request", "malformed", "INVALID_ARGUMENT"),
    ("garbage_read", "truncated", "malformed", "INVALID_ARGUMENT"),
];

/// A transaction; how its ticket ends, why, and what became of its operation.
const TRANSACTIONS: [(&str, &[&str]); 11] = [
    ("tampered_operation", &["FAILED", "bad_signature", "REFUSED bad_signature"]),
    ("moved_signature", &["FAILED", "bad_signature", "REFUSED bad_signature"]),
    ("countersigned_by_another", &["FAILED", "bad_signature", "REFUSED bad_signature"]),
    ("operation_of_stranger", &["SUCCESS", "", "PENDING waits_for_certifier"]),
    ("operation_ahead", &["SUCCESS", "", "PENDING waits_for_time"]),
    ("request_submitted", &["FAILED", "request_submitted"]),
    ("sealed_to_another", &["FAILED", "not_sealed_to_this_key"]),
    ("garbage_transaction", &["FAILED", "truncated"]),
    ("large_transaction", &["FAILED", "transaction_too_large"]),
    ("neither_sealed_nor_open", &["FAILED", "content_misplaced"]),
    ("trailing_bytes", &["FAILED", "unknown_field"]),
];

fn by_name(value: &Value) -> BTreeMap<&str, &Value> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect()
}

#[test]
fn refusals_have_their_documented_code_and_reason_on_both_front_ends() {
    let house = House::new();
    let found = python::run_at(&house, "grpc", "refusals", &json!({}));

    let requests = by_name(&found["requests"]);
    assert_eq!(requests.len(), REQUESTS.len());
    for (name, reason, class, status) in REQUESTS {
        assert_eq!(requests[name]["grpc"], json!([reason, status, class]), "{name}");
        assert_eq!(requests[name]["ws"], json!([reason, "answer", ""]), "{name}");
    }
    let transactions = by_name(&found["transactions"]);
    assert_eq!(transactions.len(), TRANSACTIONS.len());
    for (name, end) in TRANSACTIONS {
        for via in VIAS {
            assert_eq!(transactions[name][via], json!(end), "{name} over {via}");
        }
    }
    let large = json!({ "grpc": ["batch_items", "INVALID_ARGUMENT", "too_large"], "ws": ["batch_items", "4413", ""] });
    assert_eq!(found["large_batch"], large);
}
