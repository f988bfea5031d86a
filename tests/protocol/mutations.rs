//! One byte changed, anywhere, in any way: nothing is taken for what it was.

use std::collections::BTreeMap;

use bytes::Bytes;
use dmpc::{
    Permissions, Rights, SignedOperation, VerifiedOperation,
    error::Classified,
    kinds::FieldWrite,
    request::{Query, VerifiedRequest, sign_request},
    seal::{EpochKey, open_age, seal_age},
    v1,
};
use prost::Message;

use crate::support::operations::{Cast, Seeded, at};

/// Changes tried in all, at least.
const OPERATION_CHANGES: usize = 100_000;
const SEALED_CHANGES: usize = 10_000;

/// One operation of each kind and way of certifying.
fn operations() -> Vec<VerifiedOperation> {
    let mut cast = Cast::new(7);
    let (open, room) = cast.open("alice", "lounge", &[("bob", Rights::READ)], at(0));
    let name = |name: &str| [FieldWrite::DisplayName(name.into()), FieldWrite::Active(true)];
    vec![
        cast.create("root", "alice", Permissions::ALL, "Alice", at(1)),
        cast.create(("bob", "root"), "bob", Permissions::NONE, "Bob", at(2)),
        cast.update("alice", "alice", &name("A"), at(3)),
        cast.update(("bob", "root", at(5)), "bob", &name("B"), at(4)),
        cast.rotate("carol", "carol", "former carol", at(5)),
        open,
        cast.members("alice", &room, &[("carol", Rights::ALL)], &["bob"], at(6)),
        cast.epoch("alice", &room, &["carol"], at(7)).0,
        cast.message("carol", &room, "hello", at(8)),
        cast.message(("bob", "alice"), &room, "hello", at(9)),
        cast.close("alice", &room, at(10)),
    ]
}

/// `original` with one byte changed.
fn changed(original: &[u8], place: usize, rng: &mut Seeded) -> Vec<u8> {
    let mut bytes = original.to_vec();
    // Half of them flip one bit, which is what comes closest to being valid.
    bytes[place] ^= if rng.below(2) == 0 { 1 << rng.below(8) } else { u8::try_from(1 + rng.below(255)).unwrap() };
    bytes
}

/// Tries `times` changes of each byte and counts the reasons; panics where `accept` takes one.
fn try_changes(
    original: &[u8],
    times: usize,
    rng: &mut Seeded,
    accept: impl Fn(Bytes) -> Result<(), &'static str>,
) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for place in (0..original.len()).flat_map(|place| std::iter::repeat_n(place, times)) {
        let bytes = changed(original, place, rng);
        match accept(Bytes::from(bytes.clone())) {
            Ok(()) => panic!("accepted with byte {place} changed from {} to {}", original[place], bytes[place]),
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    reasons
}

fn verify(bytes: Bytes) -> Result<(), &'static str> {
    let operation = SignedOperation::decode(bytes).map_err(|error| error.reason())?;
    operation.verify().map(drop).map_err(|error| error.reason())
}

#[test]
fn no_operation_with_one_byte_changed_is_accepted() {
    let operations = operations();
    let bytes: usize = operations.iter().map(|operation| operation.bytes().len()).sum();
    let times = OPERATION_CHANGES.div_ceil(bytes);
    let mut rng = Seeded::new(7, "mutations");
    let mut total = 0;
    for operation in &operations {
        assert_eq!(verify(operation.bytes().clone()), Ok(()));
        let reasons = try_changes(operation.bytes(), times, &mut rng, verify);
        total += reasons.values().sum::<usize>();
        assert!(reasons.contains_key("bad_signature"), "{reasons:?}");
        assert!(reasons.len() >= 5, "decoding refuses others: {reasons:?}");
    }
    assert!(total >= OPERATION_CHANGES);
}

#[test]
fn an_id_changes_with_every_byte_but_those_of_the_signatures() {
    let mut rng = Seeded::new(8, "mutations");
    for operation in operations() {
        for place in 0..operation.bytes().len() {
            let bytes: Bytes = changed(operation.bytes(), place, &mut rng).into();
            let Ok(other) = SignedOperation::decode(bytes) else { continue };
            assert_eq!(other.id() == operation.id(), identified(&other) == identified(&operation), "byte {place}");
        }
    }
}

/// What the id of an operation is taken over: everything but its signatures.
fn identified(operation: &SignedOperation) -> (Bytes, Bytes) {
    let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    (wire.body, wire.certification)
}

#[test]
fn no_sealed_bytes_with_one_byte_changed_are_opened() {
    let cast = Cast::new(7);
    let (bob, to) = (cast.identity("bob"), cast.encryption_key("bob"));
    let mut rng = Seeded::new(7, "sealed mutations");
    let sealed = seal_age(b"four operations and a request", &[cast.encryption_key("alice"), to]).unwrap();
    let open = |bytes: Bytes| open_age(&bytes, &bob.encryption, 2, 1_000).map(drop).map_err(|error| error.reason());
    assert_eq!(open(sealed.clone().into()), Ok(()));
    let reasons = try_changes(&sealed, SEALED_CHANGES.div_ceil(sealed.len()), &mut rng, open);
    assert!(reasons.contains_key("tampered_seal") && reasons.contains_key("foreign_stanza"), "{reasons:?}");
}

#[test]
fn no_wrap_with_one_byte_changed_is_opened() {
    let mut cast = Cast::new(7);
    let (_, room) = cast.open("alice", "lounge", &[], at(0));
    let bob = cast.identity("bob");
    let wrap = room.key.wrap(&room.id, bob.user, cast.encryption_key("bob")).unwrap();
    let unwrap = |bytes: Bytes| {
        let key = EpochKey::unwrap(&bytes, &bob.encryption, &room.id, &bob.user, &room.key.key_id());
        key.map(drop).map_err(|error| error.reason())
    };
    assert_eq!(unwrap(wrap.sealed.clone()), Ok(()));
    let mut rng = Seeded::new(7, "wrap mutations");
    try_changes(&wrap.sealed, SEALED_CHANGES.div_ceil(wrap.sealed.len()), &mut rng, unwrap);
}

#[test]
fn no_request_with_one_byte_changed_is_accepted() {
    let cast = Cast::new(7);
    let node = dmpc::NodeId::from_bytes([2; 32]);
    let query = Query::Messages {
        channel: dmpc::ChannelId::from_bytes([3; 32]),
        cursor: Bytes::new(),
        limit: 5,
        backward: true,
    };
    let signed = sign_request(cast.identity("bob"), &node, [4; 16], 1_000, &query, Some(&cast.encryption_key("bob")));
    let decode = |bytes: Bytes| VerifiedRequest::decode(&bytes).map(drop).map_err(|error| error.reason());
    assert_eq!(decode(signed.clone()), Ok(()));
    let mut rng = Seeded::new(7, "request mutations");
    let reasons = try_changes(&signed, SEALED_CHANGES.div_ceil(signed.len()), &mut rng, decode);
    assert!(reasons.contains_key("bad_signature"), "{reasons:?}");
}
