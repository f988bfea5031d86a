//! Any bytes as an operation: one content has one encoding, its id is that of its content, and batch and single
//! verification agree.

use bytes::Bytes;
use dmpc::{
    SignedOperation,
    hash::Domain,
    kinds::Kind,
    operation::{Issue, verify_all},
    v1,
};
use prost::Message;

use crate::cast::Seeded;

pub(super) fn run(data: &[u8]) -> bool {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(issue) = Issue::decode(bytes.clone()) {
        assert_eq!(issue.bytes(), &bytes);
        require_one_encoding(data, issue.header().kind);
        assert!(SignedOperation::decode(bytes.clone()).is_err(), "an issue is taken for an operation");
    }
    let Ok(operation) = SignedOperation::decode(bytes.clone()) else { return false };
    check(&operation, data);
    true
}

/// What holds for whatever is well formed.
pub(super) fn check(operation: &SignedOperation, data: &[u8]) {
    assert_eq!(operation.bytes(), data);
    require_one_encoding(data, operation.kind());
    let wire = v1::Operation::decode(data).expect("decoded before");
    let length = u64::try_from(wire.body.len()).expect("a length").to_be_bytes();
    let id = Domain::OperationId.hash(&[&length, &wire.body, &wire.certification]);
    assert_eq!(operation.id().as_bytes(), &id);
    assert!(operation.timestamp().bits() > 0);
    let alone = operation.clone().verify().is_ok();
    let (together, _) = verify_all(vec![operation.clone(), operation.clone()], Seeded::new("batch"));
    assert!(together.iter().all(|verified| verified.is_ok() == alone), "batch and single verification differ");
}

/// That encoding again what was decoded gives the same bytes, layer by layer.
fn require_one_encoding(data: &[u8], kind: Kind) {
    let operation: v1::Operation = same(data);
    let body: v1::Body = same(&operation.body);
    same::<v1::Header>(&body.header);
    if !operation.certification.is_empty() {
        same::<v1::Certification>(&operation.certification);
    }
    match kind {
        Kind::UserCreate => drop(same::<v1::UserCreate>(&body.payload)),
        Kind::UserUpdate => drop(same::<v1::UserUpdate>(&body.payload)),
        Kind::ChannelOpen => drop(same::<v1::ChannelGenesis>(&same::<v1::ChannelOpen>(&body.payload).genesis)),
        Kind::ChannelMembers => drop(same::<v1::ChannelMembers>(&body.payload)),
        Kind::ChannelEpoch => drop(same::<v1::ChannelEpoch>(&body.payload)),
        Kind::ChannelMessage => drop(same::<v1::ChannelMessage>(&body.payload)),
        Kind::ChannelClose => assert!(body.payload.is_empty()),
    }
}

/// Decodes with prost and asserts that encoding gives the bytes back.
pub(super) fn same<M: Message + Default>(bytes: &[u8]) -> M {
    let message = M::decode(bytes).expect("the scanner let it pass");
    assert_eq!(message.encode_to_vec(), bytes, "two encodings of one content");
    message
}
