//! From well formed to authentic.

use std::ops::Deref;

use rand_core::{CryptoRng, RngCore};

use super::{OperationError, SignedOperation};
use crate::keys::{Check, KeyError, verify_batch};

/// An operation whose signatures verify. Only this enters storage.
#[derive(Clone, Debug)]
pub struct VerifiedOperation(SignedOperation);

impl SignedOperation {
    /// Verifies its signatures, one at a time.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(self) -> Result<VerifiedOperation, KeyError> {
        self.checks().try_for_each(|check| check.verify())?;
        Ok(VerifiedOperation(self))
    }

    /// Takes an operation for authentic because this node verified it before it logged it.
    /// For bytes from the node's own log alone; audits verify again instead.
    pub fn assume_verified(self) -> VerifiedOperation {
        VerifiedOperation(self)
    }
}

impl VerifiedOperation {
    /// Decodes bytes of the node's own log, which were verified before they were logged.
    ///
    /// # Errors
    /// [`OperationError`] when the log was tampered with or damaged.
    pub fn from_log(bytes: bytes::Bytes) -> Result<Self, OperationError> {
        Ok(SignedOperation::decode(bytes)?.assume_verified())
    }
}

impl Deref for VerifiedOperation {
    type Target = SignedOperation;

    fn deref(&self) -> &SignedOperation {
        &self.0
    }
}

/// Verifies many in one batch; where the batch fails, each alone, so that one forger costs the others nothing but time.
/// Results keep the order. `true` beside them says that the batch failed. One operation is no batch: alone it is cheaper.
pub fn verify_all<R: RngCore + CryptoRng>(
    operations: Vec<SignedOperation>,
    rng: R,
) -> (Vec<Result<VerifiedOperation, KeyError>>, bool) {
    if operations.len() < 2 {
        return (operations.into_iter().map(SignedOperation::verify).collect(), false);
    }
    let checks: Vec<Check> = operations.iter().flat_map(SignedOperation::checks).collect();
    if verify_batch(&checks, rng).is_ok() {
        return (operations.into_iter().map(|operation| Ok(VerifiedOperation(operation))).collect(), false);
    }
    (operations.into_iter().map(SignedOperation::verify).collect(), true)
}
