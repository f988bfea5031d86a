//! Transactions and requests.

use std::collections::BTreeSet;

use bytes::Bytes;
use dmpc::{
    NodeId, UserId,
    error::{Classified, ErrorClass},
    request::VerifiedRequest,
    transaction::{Content, Transaction},
    v1,
    wire::json,
};
use serde_json::Value;

use super::case::Case;
use crate::protocol::vectors::unhex;

pub(super) fn transaction(case: &Case) {
    let node = case.person("inputs.node");
    let bytes: Bytes = case.bytes("inputs.transaction").into();
    let opened = Transaction::decode(&bytes).and_then(|transaction| {
        let options = transaction.options;
        transaction.open(&node.encryption, case.flag("inputs.accepts_open")).map(|content| (options, content))
    });
    let Some((options, content)) = case.hold(opened) else { return };
    assert_eq!(options.read_status_updates, case.flag("expected.read_status_updates"), "{}", case.place());
    assert_eq!(options.read_result, case.flag("expected.read_result"), "{}", case.place());
    assert_eq!(options.keep_alive, case.flag("expected.keep_alive"), "{}", case.place());
    let expected: Vec<Bytes> =
        case.list("expected.operations").iter().map(|bytes| unhex(bytes.as_str().unwrap()).into()).collect();
    match content.content {
        Content::Operations(operations) => assert_eq!(operations, expected, "{}", case.place()),
        Content::Request(request) => {
            assert_eq!(request, case.bytes("expected.request"), "{}", case.place());
            assert!(expected.is_empty());
        }
    }
}

/// A node that answers requests, as the page says it: the order of the checks is part of it. The node of this project is
/// tried with real sockets, in `tests/node/bad_requests.rs`.
struct Node<'a> {
    id: NodeId,
    started_ms: u64,
    users: &'a [Value],
    accepted: BTreeSet<(UserId, [u8; 16], u64)>,
}

impl Node<'_> {
    fn answer(&mut self, request: Vec<u8>, now_ms: u64) -> Result<(), (ErrorClass, &'static str)> {
        let request = VerifiedRequest::decode(&request.into()).map_err(|error| (error.class(), error.reason()))?;
        let fresh = request.require_fresh(&self.id, now_ms, self.started_ms);
        fresh.map_err(|error| (error.class(), error.reason()))?;
        let bytes = |value: &Value| unhex(value.as_str().unwrap());
        let user = self.users.iter().find(|user| bytes(&user["user"]) == request.user.as_bytes());
        let user = user.ok_or((ErrorClass::PermissionDenied, "unknown_user"))?;
        if user["active"] != true {
            return Err((ErrorClass::PermissionDenied, "user_inactive"));
        }
        if bytes(&user["key"]) != request.key.as_bytes() {
            return Err((ErrorClass::Unauthentic, "key_not_current"));
        }
        let is_new = self.accepted.insert((request.user, request.nonce, request.issued_at_ms / 1_000));
        if is_new { Ok(()) } else { Err((ErrorClass::StaleRequest, "request_replayed")) }
    }
}

pub(super) fn request(case: &Case) {
    let mut node = Node {
        id: NodeId::from_bytes(case.array("inputs.node")),
        started_ms: case.number("inputs.started_ms"),
        users: case.list("inputs.users"),
        accepted: BTreeSet::new(),
    };
    let (given, expected) = (case.list("inputs.steps"), case.list("expected.steps"));
    assert_eq!(given.len(), expected.len(), "{}", case.place());
    for (number, (step, expected)) in given.iter().zip(expected).enumerate() {
        let request = unhex(step["request"].as_str().unwrap());
        let said = match node.answer(request, step["now_ms"].as_u64().unwrap()) {
            Ok(()) => serde_json::json!({ "result": "accepted" }),
            Err((class, reason)) => {
                serde_json::json!({ "result": "refused", "class": class.word(), "reason": reason })
            }
        };
        assert_eq!(said, *expected, "{}, step {number}", case.place());
    }
}

pub(super) fn json(case: &Case) {
    assert_eq!(case.text("inputs.message"), "ClientFrame");
    let max = usize::try_from(case.number("inputs.max_bytes")).unwrap();
    case.hold(json::decode::<v1::ClientFrame>(&case.bytes("inputs.bytes"), max).map(drop));
}
