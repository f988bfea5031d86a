//! Ids and signatures of fixed operations, as hexadecimal: whoever changes one byte of the protocol fails here.

use dmpc::{
    Permissions, VerifiedOperation,
    hash::Domain,
    kinds::{Kind, UserCreate},
    v1,
};
use prost::Message;

use super::forge::{Parts, field};
use crate::support::operations::{Cast, at};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Made of one seed, with the same nonces and keys on every run.
fn operations() -> (VerifiedOperation, VerifiedOperation, VerifiedOperation, VerifiedOperation) {
    let mut cast = Cast::with_blank_wraps(1);
    let own = cast.create("root", "alice", Permissions::ALL, "Alice", at(1));
    let certified = cast.create(("bob", "root", at(3)), "bob", Permissions::CHANNEL_ADD, "Bob", at(2));
    let (open, room) = cast.open("alice", "lounge", &[], at(4));
    let message = cast.message("alice", &room, "hello", at(5));
    (own, certified, open, message)
}

#[test]
fn ids_are_pinned() {
    let (own, certified, open, message) = operations();
    let ids = [
        ("alice", hex(Cast::new(1).user("alice"))),
        ("own create", hex(own.id())),
        ("certified create", hex(certified.id())),
        ("its issue", hex(certified.issue().unwrap())),
        ("open", hex(open.id())),
        ("channel", hex(open.channel().unwrap())),
        ("message", hex(message.id())),
        ("epoch", hex(message.header().key_id.unwrap())),
    ];
    let expected = [
        ("alice", "052ff10752f613bc7d1be96f104901d2ebf56d11dc2a46344680cb088875d450"),
        ("own create", "a0047c1c3bec8a7b18c8b800943a88f0ce8874b54f60f49a978778df84ea0c5a"),
        ("certified create", "b11d7810695cafdf84cd59316e68a4522eeef0779eba2a9b8a5c96a5aad97e9d"),
        ("its issue", "807f6c5b0690d2a74b0190c215e8c90f026ab3fdb9682a38655f009b53f56823"),
        ("open", "4b62e6650dec257ab113cd2da08c19a50ea9e684558de9c88f323ed117115f4f"),
        ("channel", "5662f4a5bc0c3c7df0f989d0caf666e5d517856effb16bb7669e1fa226078d53"),
        ("message", "e6b9d1a2b68517907ef0c78c9f98c9a1849deba640f5a7d43459486ca9ca2589"),
        ("epoch", "ddddcb6a53dedc6e91873a551d9d5412f029badbf7242ecd3cf65ed9fecbfaf8"),
    ];
    assert_eq!(ids.each_ref().map(|(name, id)| (*name, id.as_str())), expected);
}

#[test]
fn the_bytes_of_operations_are_pinned() {
    let (own, certified, open, message) = operations();
    let header = "\
        080110012220c8a46cf7892f0d5f3f05caa386877384d3d491a3c02206c7b5163305b79df1e7\
        2a20546ec13c0675c49fa2e19006e6390b7398fd3409e31ab86a637ab3dd3a013db2\
        31000001f451c28c014a140a10b8921b775c2156aec5d60b7f0f676e061001";
    assert_eq!(hex(own.header_bytes()), header);
    let hashes = [own, certified, open, message].map(|operation| hex(blake3::hash(operation.bytes()).as_bytes()));
    let expected = [
        "f777c0fa162bcb49f2deca4314a4944c1b697af94ea6aef2a652d980feedde14",
        "4230dd02e9b20d869ba6052e9a907a983382860876d773835dc3c4d2e6ed207c",
        "95df8470117771335af1b31e45fafdd121e13d6c63388f8beb5563a7e55eaa2e",
        "dd204df4a066026a9046d4f4af11e5abc9b1377e55d859acd53beb8f24918a78",
    ];
    assert_eq!(hashes, expected);
}

#[test]
fn domains_are_pinned_and_none_is_used_twice() {
    use Domain as D;
    let domains = [
        D::UserId,
        D::NodeId,
        D::ChannelId,
        D::OperationId,
        D::IssueId,
        D::KeyId,
        D::ContentKey,
        D::SignOperation,
        D::SignIssue,
        D::SignCertification,
        D::SignCountersignature,
        D::SignRequest,
        D::DigestElement,
        D::StateDigest,
        D::LogDigest,
        D::ChannelDigest,
        D::HeadSlot,
        D::LogFile,
    ];
    let contexts: std::collections::BTreeSet<_> = domains.iter().map(|domain| domain.context()).collect();
    assert_eq!(contexts.len(), domains.len());
    let all: Vec<u8> = domains.iter().flat_map(|domain| domain.hash(&[b"dmpc"])).collect();
    assert_eq!(hex(blake3::hash(&all).as_bytes()), "d2d59f8a4d2685f1b6c92ea830a7dd8bbb1e3ebaa166582c4d01a5ca6aa88eec");
}

#[test]
fn an_operation_id_is_the_hash_of_its_length_prefixed_body_and_its_certification() {
    let (own, certified, ..) = operations();
    for operation in [own, certified] {
        let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
        let length = u64::try_from(wire.body.len()).unwrap().to_be_bytes();
        let id = Domain::OperationId.hash(&[&length, &wire.body, &wire.certification]);
        assert_eq!(operation.id().as_bytes(), &id);
    }
}

#[test]
fn ids_do_not_depend_on_signatures() {
    let (own, certified, ..) = operations();
    for operation in [own, certified] {
        let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
        let other = field([9; 64]);
        let certification_signature =
            if wire.certification.is_empty() { wire.certification_signature.clone() } else { other.clone() };
        let changed = v1::Operation { signature: other, certification_signature, ..wire };
        let changed = dmpc::SignedOperation::decode(changed.encode_to_vec().into()).unwrap();
        assert_eq!((changed.id(), changed.issue()), (operation.id(), operation.issue()));
        assert!(changed.verify().is_err());
    }
}

#[test]
fn an_issue_has_one_id_whoever_certifies_it_and_when() {
    let cast = Cast::new(1);
    let (bob, root) = (cast.identity("bob"), cast.identity("root"));
    let create = UserCreate::encode(&cast.public("carol"), Permissions::NONE, "");
    let parts = Parts::of(bob, Kind::UserCreate, None, at(5), create).certified_by(&root.user);
    let decode = |wire: v1::Operation| dmpc::SignedOperation::decode(wire.encode_to_vec().into()).unwrap();
    let first = decode(parts.certified(bob, root, |_| {}));
    let later = decode(parts.certified(bob, root, |certification| certification.timestamp = at(6).bits()));
    assert_eq!(first.issue(), later.issue());
    assert_ne!(first.id(), later.id());
}
