//! Hashes, ids, texts, times, keys.

use dmpc::{
    ChannelId, Hlc, Identity, IssueId, KeyId, LaneId, NodeId, OpId, OpKey, UserId,
    hash::Domain,
    identity::{node_id, user_id},
    keys::{Check, EncryptionKey, KeyError, Signature, VerifyingKey, verify_batch},
};

use super::case::Case;
use crate::protocol::vectors::unhex;

pub(super) fn hash(case: &Case) {
    let mut hasher = blake3::Hasher::new_derive_key(case.text("inputs.context"));
    hasher.update(&case.bytes("inputs.input"));
    assert_eq!(*hasher.finalize().as_bytes(), case.array("expected.hash"), "{}", case.place());
    assert_eq!(domain(case).hash(&[&case.bytes("inputs.input")]), case.array("expected.hash"), "{}", case.place());
}

/// The domain that a case names by its context.
fn domain(case: &Case) -> Domain {
    use Domain as D;
    let all = [
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
        D::SignNodeInfo,
        D::DigestElement,
        D::StateDigest,
        D::LogDigest,
        D::ChannelDigest,
        D::HeadSlot,
        D::LogFile,
    ];
    let found = all.into_iter().find(|domain| domain.context() == case.text("inputs.context"));
    found.unwrap_or_else(|| panic!("{}: no such domain", case.place()))
}

pub(super) fn fingerprint(case: &Case) {
    let person = case.person("inputs.person");
    let (signing, encryption) = (person.signing.verifying_key(), person.encryption.encryption_key().unwrap());
    assert_eq!(*signing.as_bytes(), case.array("values.signing_key"), "{}", case.place());
    assert_eq!(*encryption.as_bytes(), case.array("values.encryption_key"), "{}", case.place());
    let user = user_id(&signing, &encryption);
    assert_eq!(user, UserId::from_bytes(case.array("expected.user_id")), "{}", case.place());
    assert_eq!(user, person.user);
    assert_eq!(user.to_string(), case.text("expected.user_text"));
    let node = node_id(&signing, &encryption);
    assert_eq!(node, NodeId::from_bytes(case.array("expected.node_id")), "{}", case.place());
    assert_eq!(node.to_string(), case.text("expected.node_text"));
    assert_eq!(encryption.to_string(), case.text("expected.recipient_text"));
    assert_eq!(person.signing.to_text().unwrap().as_str(), case.text("expected.signing_secret_text"));
    assert_eq!(person.encryption.to_text().as_str(), case.text("expected.encryption_secret_text"));
    let countersignature = person.public().unwrap().countersignature;
    assert_eq!(countersignature, Signature(case.array("expected.countersignature")));
    let parts: [&[u8]; 2] = [user.as_bytes(), signing.as_bytes()];
    assert_eq!(Domain::SignCountersignature.hash(&parts), case.array("values.countersignature_hash"));
    Check::new(&signing, &countersignature, Domain::SignCountersignature, &parts).verify().unwrap();
}

pub(super) fn id_text(case: &Case) {
    let text = case.text("inputs.text");
    macro_rules! read {
        ($type:ident) => {
            text.parse::<$type>().map(|id| (id.as_bytes().to_vec(), id.to_string()))
        };
    }
    let read = match case.text("inputs.type") {
        "user" => read!(UserId),
        "channel" => read!(ChannelId),
        "node" => read!(NodeId),
        "operation" => read!(OpId),
        "issue" => read!(IssueId),
        "key" => read!(KeyId),
        "lane" => read!(LaneId),
        other => panic!("{}: no id is called {other}", case.place()),
    };
    if let Some((bytes, written)) = case.hold_text(read) {
        assert_eq!(bytes, case.bytes("expected.bytes"), "{}", case.place());
        assert_eq!(written, text.to_lowercase());
    }
}

pub(super) fn identity_file(case: &Case) {
    if let Some(read) = case.hold_text(Identity::from_text(case.text("inputs.text"))) {
        let person = case.person("expected.person");
        assert_eq!(read.public().unwrap(), person.public().unwrap(), "{}", case.place());
        assert_eq!(read.encryption.to_text(), person.encryption.to_text());
    }
}

fn at(case: &Case, path: &str) -> Hlc {
    Hlc::from_bits(u64::from_be_bytes(case.array(path)))
}

pub(super) fn time(case: &Case) {
    let time = at(case, "expected.key_bytes");
    assert_eq!((time.millis(), time.counter()), (case.number("inputs.milliseconds"), case.number("inputs.counter")));
    assert_eq!(time.bits().to_le_bytes(), case.array("expected.wire_bytes"), "{}", case.place());
    assert_eq!(time.to_string(), case.text("expected.text"));
}

pub(super) fn tick(case: &Case) {
    let next = Hlc::tick(at(case, "inputs.seen"), case.number("inputs.now_milliseconds"));
    if let Some(next) = case.hold_text(next.ok_or(())) {
        assert_eq!(next, at(case, "expected.timestamp"), "{}", case.place());
    }
}

pub(super) fn order(case: &Case) {
    let keys = |path| -> Vec<OpKey> {
        case.list(path).iter().map(|key| OpKey::from_slice(&unhex(key.as_str().unwrap())).unwrap()).collect()
    };
    let mut sorted = keys("inputs.keys");
    sorted.sort_unstable();
    assert_eq!(sorted, keys("expected.sorted"), "{}", case.place());
}

pub(super) fn public_key(case: &Case) {
    let key = case.array("inputs.key");
    case.hold(match case.text("inputs.type") {
        "signing" => VerifyingKey::from_bytes(key).map(drop),
        "encryption" => EncryptionKey::from_bytes(key).map(drop),
        other => panic!("{}: no key is called {other}", case.place()),
    });
}

pub(super) fn signature(case: &Case) {
    let outcome = || -> Result<Check, KeyError> {
        let key = VerifyingKey::from_bytes(case.array("inputs.key"))?;
        let input = case.bytes("inputs.input");
        assert_eq!(domain(case).hash(&[&input]), case.array("values.signed_hash"), "{}", case.place());
        let check = Check::new(&key, &Signature(case.array("inputs.signature")), domain(case), &[&input]);
        check.verify().map(|()| check)
    };
    if let Some(check) = case.hold(outcome()) {
        verify_batch([&check, &check], crate::support::operations::Seeded::new(1, "batch")).unwrap();
    }
}
