//! Any payload under a true signature: what the first byte names a kind of, and the rest is the payload. Reaches the
//! payloads' own rules, which bytes without a signature rarely do.

use bytes::Bytes;
use dmpc::operation::OperationError;

use super::operation;
use crate::cast::{self, KINDS};

pub(super) fn run(data: &[u8]) -> bool {
    let Some((first, payload)) = data.split_first() else { return false };
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    match cast::signed("alice", cast::draft(kind), 1, |_| payload.to_vec()) {
        Ok(operation) => {
            operation::check(&operation, &Bytes::clone(operation.bytes()));
            // The payload itself may hold a countersignature, which is another matter.
            assert!(operation.checks().count() > 1 || operation.clone().verify().is_ok());
            true
        }
        Err(error) => {
            let too_large = matches!(error, OperationError::TooLarge { .. });
            assert!(!too_large || payload.len() > 256 * 1024);
            false
        }
    }
}
