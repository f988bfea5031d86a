//! Logs, digests, checkpoints.

use dmpc::{
    ChannelId, Hlc, NodeId, OpKey, SignedOperation, UserId, VerifiedOperation,
    hash::Domain,
    keys::{EncryptionKey, VerifyingKey},
    kinds::Kind,
};
use dmpc_storage::{
    Genesis, RULESET, Root, Verdict,
    checkpoint::Checkpoint,
    digest::{LtHash, fact_element, message_element},
    projection::{definition::Definition, memory::Memory},
};
use serde_json::Value;

use super::case::Case;
use crate::protocol::vectors::unhex;

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value.as_str().unwrap()).try_into().unwrap()
}

pub(super) fn multiset(case: &Case) {
    let mut hash = LtHash::default();
    let elements = |path| case.list(path).iter().map(|element| unhex(element.as_str().unwrap()));
    elements("inputs.remove").for_each(|element| hash.remove(&element));
    elements("inputs.add").for_each(|element| hash.add(&element));
    if case.has("expected.state") {
        assert_eq!(hash.to_bytes(), case.bytes("expected.state"), "{}", case.place());
        assert_eq!(hash.to_bytes(), case.bytes("values.expansion"), "{}", case.place());
    } else {
        assert_eq!(Domain::LogDigest.hash(&[&hash.to_bytes()]), case.array("expected.log_digest"), "{}", case.place());
    }
}

pub(super) fn checkpoint(case: &Case) {
    let text = case.text("inputs.text");
    let Some(read) = case.hold_text(text.parse::<Checkpoint>()) else { return };
    let expected = Checkpoint {
        node: NodeId::from_bytes(case.array("expected.node")),
        operations: case.number("expected.operations"),
        state_digest: case.array("expected.state_digest"),
        log_digest: case.array("expected.log_digest"),
    };
    assert_eq!((read, read.to_string().as_str()), (expected, text), "{}", case.place());
}

fn genesis(case: &Case) -> Genesis {
    let root = |root: &Value| Root {
        user: UserId::from_bytes(array(&root["user"])),
        signing_key: VerifyingKey::from_bytes(array(&root["signing_key"])).unwrap(),
        encryption_key: EncryptionKey::from_bytes(array(&root["encryption_key"])).unwrap(),
    };
    Genesis { node: NodeId::from_bytes([0; 32]), roots: case.list("inputs.roots").iter().map(root).collect() }
}

pub(super) fn log(case: &Case) {
    assert_eq!(case.number("inputs.ruleset"), u64::from(RULESET), "{}", case.place());
    let genesis = genesis(case);
    let operations = case
        .list("inputs.operations")
        .iter()
        .map(|bytes| SignedOperation::decode(unhex(bytes.as_str().unwrap()).into()).unwrap().verify().unwrap());
    let operations: Vec<VerifiedOperation> = operations.collect();
    let mut fold = Definition::new(&genesis).with_channels();
    let expected = case.list("expected.operations");
    assert_eq!(operations.len(), expected.len(), "{}", case.place());
    for (operation, expected) in operations.iter().zip(expected) {
        folded(case, &genesis, &mut fold, operation, expected);
    }
    let digests = fold.digests();
    assert_eq!(digests.state_digest(&genesis), case.array("expected.state_digest"), "{}", case.place());
    assert_eq!(digests.log_digest(), case.array("expected.log_digest"), "{}", case.place());
    let channels = case.list("expected.channels").iter();
    let channels = channels.map(|one| (ChannelId::from_bytes(array(&one["channel"])), array(&one["digest"])));
    assert_eq!(fold.channel_digests(), channels.collect(), "{}", case.place());
    let latest = operations.last().map_or(Hlc::ZERO, |operation| operation.timestamp());
    assert_eq!(latest.bits().to_be_bytes(), case.array("expected.latest"), "{}", case.place());
    backward(case, &genesis, &operations, expected);
}

/// One operation: its verdict, the elements that it adds, the state digest after it.
fn folded(case: &Case, genesis: &Genesis, fold: &mut Definition, operation: &SignedOperation, expected: &Value) {
    let place = format!("{}, {}", case.place(), expected["operation_id"]);
    let key = operation.key();
    assert_eq!(key, OpKey::from_slice(&unhex(expected["key"].as_str().unwrap())).unwrap(), "{place}");
    assert_eq!(operation.kind().name(), expected["kind"], "{place}");
    let judgement = fold.fold(operation).unwrap();
    let outcome = match judgement.verdict {
        Verdict::Applied => "applied",
        Verdict::Pending(_) => "pending",
        Verdict::Rejected(_) => "rejected",
    };
    let verdict = (outcome, u64::from(judgement.verdict.code()), judgement.verdict.word());
    let due = (&expected["verdict"], expected["code"].as_u64(), &expected["reason"]);
    assert_eq!((&Value::from(verdict.0), Some(verdict.1), &Value::from(verdict.2)), due, "{place}");
    let facts = judgement.writes.iter().filter_map(|(register, value)| fact_element(register, &key, value));
    let message = operation.channel().filter(|_| operation.kind() == Kind::ChannelMessage && outcome == "applied");
    let elements = facts.chain(message.map(|channel| message_element(&channel, &key)));
    let elements: Vec<Value> = elements.map(|element| hex(&element).into()).collect();
    assert_eq!(Value::from(elements), expected["elements"], "{place}");
    assert_eq!(fold.digests().state_digest(genesis), array(&expected["state_digest_after"]), "{place}");
}

/// The engine, which learns of them from the last to the first, says the same.
fn backward(case: &Case, genesis: &Genesis, operations: &[VerifiedOperation], expected: &[Value]) {
    let mut memory = Memory::new(genesis);
    for operation in operations.iter().rev() {
        memory.absorb(std::slice::from_ref(operation));
    }
    let codes = memory.records().values().map(|record| u64::from(record.verdict.code()));
    let due = expected.iter().map(|expected| expected["code"].as_u64().unwrap());
    assert_eq!(codes.collect::<Vec<_>>(), due.collect::<Vec<_>>(), "{}", case.place());
    assert_eq!(memory.digests().state_digest(genesis), case.array("expected.state_digest"), "{}", case.place());
    assert_eq!(memory.digests().log_digest(), case.array("expected.log_digest"), "{}", case.place());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
