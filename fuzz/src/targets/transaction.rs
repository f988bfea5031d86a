//! Any bytes as a transaction, as what it carries, and as a signed request.

use bytes::Bytes;
use dmpc::{
    request::VerifiedRequest,
    transaction::{Content, Transaction, TransactionError},
    v1,
};

use super::operation::same;
use crate::cast;

pub(super) fn run(data: &[u8]) -> bool {
    let bytes = Bytes::copy_from_slice(data);
    let is_request = VerifiedRequest::decode(&bytes).is_ok_and(|request| {
        same::<v1::Request>(&same::<v1::SignedRequest>(data).request);
        request.nonce.len() == 16
    });
    let Ok(transaction) = Transaction::decode(&bytes) else { return is_request };
    let wire: v1::Transaction = same(data);
    assert!(wire.sealed.is_empty() != wire.open.is_empty());
    let key = &cast::identity("node").encryption;
    let guarded = transaction.clone().open(key, false);
    assert_eq!(matches!(guarded, Err(TransactionError::SealRequired)), !wire.open.is_empty());
    let Ok(content) = transaction.open(key, true) else { return false };
    if !wire.open.is_empty() {
        same::<v1::TransactionContent>(&wire.open);
    }
    match content.content {
        Content::Operations(operations) => assert!(!operations.is_empty()),
        Content::Request(request) => {
            assert!(!request.is_empty());
            run(&request);
        }
    }
    true
}
