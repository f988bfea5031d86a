//! A signed operation, edited: nothing but the original verifies. The first byte chooses the operation; each four bytes
//! after it are an edit: place (2), what to do, and a value.

use std::sync::LazyLock;

use dmpc::{SignedOperation, VerifiedOperation, v1};
use prost::Message;

use crate::cast;

/// Edits in one run.
const EDITS_MAX: usize = 8;

static OPERATIONS: LazyLock<Vec<VerifiedOperation>> = LazyLock::new(cast::operations);

pub(super) fn run(data: &[u8]) -> bool {
    let Some((first, edits)) = data.split_first() else { return false };
    let original = &OPERATIONS[usize::from(*first) % OPERATIONS.len()];
    let mut bytes = original.bytes().to_vec();
    edits.chunks_exact(4).take(EDITS_MAX).for_each(|edit| apply(&mut bytes, edit));
    let same = bytes == *original.bytes();
    let Ok(edited) = SignedOperation::decode(bytes.into()) else {
        assert!(!same, "a valid operation is refused");
        return false;
    };
    assert_eq!(content(&edited) == content(original), edited.id() == original.id(), "an id is not that of its content");
    assert_eq!(edited.verify().is_ok(), same, "an edited operation verifies, or the original does not");
    same
}

/// What an id is taken over: everything but the signatures.
fn content(operation: &SignedOperation) -> (bytes::Bytes, bytes::Bytes) {
    let wire = v1::Operation::decode(operation.bytes().clone()).expect("decoded before");
    (wire.body, wire.certification)
}

fn apply(bytes: &mut Vec<u8>, edit: &[u8]) {
    let [high, low, what, value] = *edit else { return };
    if bytes.is_empty() {
        return;
    }
    let place = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    match what % 6 {
        0 => bytes[place] ^= value,
        1 => bytes[place] = bytes[place].wrapping_add(value),
        2 => bytes.insert(place, value),
        3 => drop(bytes.remove(place)),
        4 => bytes.truncate(place.max(1)),
        _ => bytes.push(value),
    }
}
