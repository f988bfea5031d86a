//! Verifying many operations: the order is kept, and one forger costs the others nothing but time.

use dmpc::{SignedOperation, keys::KeyError, operation::verify_all, v1};
use prost::Message;

use super::forge::field;
use crate::support::operations::{Cast, Seeded, at};

fn messages(count: u64) -> Vec<SignedOperation> {
    let mut cast = Cast::new(1);
    let (open, room) = cast.open("alice", "lounge", &[], at(0));
    let message = |number| (*cast.message(("bob", "alice"), &room, "hello", at(number))).clone();
    [(*open).clone()].into_iter().chain((1..count).map(message)).collect()
}

/// The same operation with a signature that is none.
fn spoiled(operation: &SignedOperation) -> SignedOperation {
    let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    let wrong = v1::Operation { signature: field([1; 64]), ..wire };
    SignedOperation::decode(wrong.encode_to_vec().into()).unwrap()
}

#[test]
fn a_batch_of_good_ones_is_verified_as_one_and_keeps_the_order() {
    let operations = messages(100);
    let ids: Vec<_> = operations.iter().map(|operation| operation.id()).collect();
    let (verified, failed) = verify_all(operations, Seeded::new(1, "batch"));
    assert!(!failed);
    assert_eq!(verified.into_iter().map(|operation| operation.unwrap().id()).collect::<Vec<_>>(), ids);
}

#[test]
fn where_a_batch_fails_each_stands_for_itself() {
    for bad in [0, 31, 63] {
        let mut operations = messages(64);
        operations[bad] = spoiled(&operations[bad]);
        let ids: Vec<_> = operations.iter().map(|operation| operation.id()).collect();
        let (verified, failed) = verify_all(operations, Seeded::new(1, "batch"));
        assert!(failed);
        for (place, outcome) in verified.into_iter().enumerate() {
            let expected = if place == bad { Err(KeyError::BadSignature) } else { Ok(ids[place]) };
            assert_eq!(outcome.map(|operation| operation.id()), expected);
        }
    }
}

#[test]
fn nothing_to_verify_verifies() {
    let (verified, failed) = verify_all(Vec::new(), Seeded::new(1, "batch"));
    assert!(verified.is_empty() && !failed);
}

#[test]
fn an_operation_is_checked_by_each_of_its_signatures() {
    let mut cast = Cast::new(1);
    let own = cast.update("alice", "alice", &[dmpc::kinds::FieldWrite::DisplayName("A".into())], at(0));
    let certified = cast.update(("bob", "alice"), "bob", &[dmpc::kinds::FieldWrite::DisplayName("B".into())], at(1));
    let create = cast.create(("bob", "alice"), "carol", dmpc::Permissions::NONE, "", at(2));
    let rotation = cast.rotate("alice", "alice", "former", at(3));
    let counts = [&own, &certified, &create, &rotation].map(|operation| operation.checks().count());
    assert_eq!(counts, [1, 2, 3, 2]);
}

#[test]
fn bytes_and_ids_are_kept_as_received() {
    let mut cast = Cast::new(1);
    let (open, _) = cast.open("alice", "lounge", &[], at(0));
    let again = SignedOperation::decode(open.bytes().clone()).unwrap();
    assert_eq!((again.bytes(), again.key(), again.header_bytes()), (open.bytes(), open.key(), open.header_bytes()));
}
