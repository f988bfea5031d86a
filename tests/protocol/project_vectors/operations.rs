//! Operations, issues, lanes, encodings.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{
    Hlc, IssueId, OpId, OpKey, SignedOperation, VerifiedOperation,
    equivocation::Equivocation,
    error::{Classified, ErrorClass},
    operation::{Issue, certify},
    v1,
    wire::scan,
};
use prost::Message;

use super::case::Case;
use crate::protocol::{strict, vectors::unhex};

/// Decodes and verifies.
fn read(bytes: Vec<u8>) -> Result<VerifiedOperation, (ErrorClass, &'static str)> {
    let operation = SignedOperation::decode(bytes.into()).map_err(|error| (error.class(), error.reason()))?;
    operation.verify().map_err(|error| (error.class(), error.reason()))
}

pub(super) fn operation(case: &Case) {
    let path = if case.has("inputs.operation") { "inputs.operation" } else { "values.operation" };
    let Some(operation) = case.hold_refusal(read(case.bytes(path))) else { return };
    let place = case.place();
    assert_eq!(operation.id(), OpId::from_bytes(case.array("expected.operation_id")), "{place}");
    assert_eq!(operation.key(), OpKey::from_slice(&case.bytes("expected.key")).unwrap(), "{place}");
    assert_eq!(operation.kind().name(), case.text("expected.kind"), "{place}");
    assert_eq!(operation.issuer().as_bytes(), &case.array("expected.issuer"), "{place}");
    assert_eq!(operation.certifier().as_bytes(), &case.array("expected.certifier"), "{place}");
    assert_eq!(operation.timestamp().bits().to_be_bytes(), case.array("expected.timestamp"), "{place}");
    assert_eq!(operation.header_bytes().as_ref(), case.bytes("values.header"), "{place}");
    assert_eq!(operation.issue().is_some(), case.has("expected.issue_id"), "{place}");
    if let Some(issue) = operation.issue() {
        assert_eq!(issue, IssueId::from_bytes(case.array("expected.issue_id")), "{place}");
    }
    assert_eq!(operation.channel().is_some(), case.has("expected.channel"), "{place}");
    if let Some(channel) = operation.channel() {
        assert_eq!(channel.as_bytes(), &case.array("expected.channel"), "{place}");
    }
    let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    let body = v1::Body::decode(wire.body.clone()).unwrap();
    assert_eq!(
        (wire.body.as_ref(), wire.signature.as_ref()),
        parts(&case.bytes("values.body"), &case.bytes("values.signature"))
    );
    assert_eq!(body.payload.as_ref(), case.bytes("values.payload"), "{place}");
    if operation.issue().is_some() {
        assert_eq!(wire.certification.as_ref(), case.bytes("values.certification"), "{place}");
    }
    // The signatures are those that the given seeds make: ed25519 draws nothing.
    let issuer = case.person("inputs.issuer");
    assert_eq!(issuer.signing.verifying_key(), operation.header().issuer_key, "{place}");
    let signed: Vec<[u8; 32]> = ["values.signed_hash", "values.certification_signed_hash"]
        .into_iter()
        .filter(|path| case.has(path))
        .map(|path| case.array(path))
        .collect();
    assert_eq!(signed.len(), 1 + usize::from(operation.issue().is_some()), "{place}");
    let context = if operation.issue().is_some() { "dmpc v1 sign issue" } else { "dmpc v1 sign operation" };
    assert_eq!(blake3::derive_key(context, &wire.body), signed[0], "{place}");
}

/// Two byte strings, to be compared as a pair.
fn parts<'a>(first: &'a [u8], second: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    (first, second)
}

pub(super) fn issue(case: &Case) {
    let bytes = case.bytes("inputs.issue");
    let Some(issue) = case.hold(Issue::decode(bytes.clone().into())) else { return };
    assert_eq!(issue.certifier().as_bytes(), &case.array("expected.certifier"), "{}", case.place());
    assert_eq!(read(bytes).err(), Some((ErrorClass::Malformed, "certification_missing")));
    let expected = read(case.bytes("expected.operation")).unwrap();
    let at = Hlc::from_bits(u64::from_be_bytes(case.array("inputs.certified_at")));
    let certified = certify(&case.person("inputs.certifier"), &issue, at, expected.link()).unwrap();
    assert_eq!(certified.bytes(), expected.bytes(), "{}", case.place());
    assert_eq!(certified.id(), OpId::from_bytes(case.array("expected.operation_id")));
    assert_eq!(certified.issue(), Some(IssueId::from_bytes(case.array("values.issue_id"))));
}

pub(super) fn lane(case: &Case) {
    let operations = case.list("inputs.operations").iter();
    let operations: Vec<_> = operations.map(|bytes| read(unhex(bytes.as_str().unwrap())).unwrap()).collect();
    let numbers = |path| -> Vec<u64> { case.list(path).iter().map(|number| number.as_u64().unwrap()).collect() };
    let mut places: BTreeMap<u64, BTreeSet<OpId>> = BTreeMap::new();
    for operation in &operations {
        assert_eq!(operation.link().lane, operations[0].link().lane, "{}", case.place());
        assert_eq!(operation.certifier_key(), operations[0].certifier_key(), "{}", case.place());
        places.entry(operation.link().seq).or_default().insert(operation.id());
        let before = operation.link().seq.checked_sub(1).and_then(|seq| places.get(&seq));
        assert!(before.is_none_or(|ids| ids.contains(&operation.link().prev)), "{}", case.place());
    }
    assert_eq!(operations.iter().map(|operation| operation.link().seq).collect::<Vec<_>>(), numbers("expected.seqs"));
    let last = *places.keys().last().unwrap();
    assert_eq!((1..last).filter(|seq| !places.contains_key(seq)).collect::<Vec<_>>(), numbers("expected.gaps"));
    let forks = places.iter().filter(|(_, ids)| ids.len() > 1).map(|(seq, _)| *seq);
    assert_eq!(forks.collect::<Vec<_>>(), numbers("expected.forks"), "{}", case.place());
}

pub(super) fn equivocation(case: &Case) {
    let operations = case.list("inputs.operations").iter().map(|bytes| unhex(bytes.as_str().unwrap()).into());
    let operations: Vec<bytes::Bytes> = operations.collect();
    for pair in [[0, 1], [1, 0]] {
        let [one, other] = pair.map(|place| operations[place].clone());
        let Some(proof) = case.hold(Equivocation::decode(one, other)) else { continue };
        assert_eq!(proof.user().as_bytes(), &case.array("expected.user"), "{}", case.place());
        assert_eq!(proof.key().as_bytes(), &case.array("expected.key"), "{}", case.place());
        assert_eq!(proof.link().lane.as_bytes(), &case.array("expected.lane"), "{}", case.place());
        assert_eq!(proof.link().seq, case.number("expected.seq"), "{}", case.place());
        let text = case.text("expected.text");
        assert_eq!(proof.to_text(), text, "{}", case.place());
        assert_eq!(Equivocation::from_text(text).unwrap().to_text(), text);
    }
}

pub(super) fn equivocation_text(case: &Case) {
    case.hold(Equivocation::from_text(case.text("inputs.text")).map(drop));
}

pub(super) fn wire(case: &Case) {
    let name = case.text("inputs.message");
    let strict = strict::ALL.iter().find(|strict| strict.schema.name == name);
    let strict = strict.unwrap_or_else(|| panic!("{}: no message is called {name}", case.place()));
    let bytes = case.bytes("inputs.bytes");
    if case.hold(scan(strict.schema, &bytes)).is_some() {
        assert_eq!((strict.reencode)(bytes.clone().into()), Some(bytes), "{}", case.place());
    }
}
