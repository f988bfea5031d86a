//! `charges`: operations without effect, and who pays for them: their certifier, or its introducer while its own creation
//! is not applied. Bounds admission; part of no view and no digest.
//!
//! ```text
//! key    1 | user u32     value  operations u64 | bytes u64
//! key    2 | OpKey 40     value  payer u32
//! key    3 | user u32     value  introducer u32: who certified the create that made the user known; written once
//! ```

use dmpc::OpKey;

use super::{UserNo, split_u32, split_u64};

/// Operations without effect, counted and weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Charge {
    /// How many.
    pub(crate) operations: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// The key of a user's total.
pub(crate) fn total_key(user: UserNo) -> Vec<u8> {
    [[1].as_slice(), &user.0.to_be_bytes()].concat()
}

/// The value of a user's total.
pub(crate) fn total_value(charge: &Charge) -> Vec<u8> {
    [charge.operations.to_be_bytes(), charge.bytes.to_be_bytes()].concat()
}

/// The total of a stored value.
pub(crate) fn parse_total(bytes: &[u8]) -> Option<Charge> {
    let (operations, rest) = split_u64(bytes)?;
    let (bytes, _) = split_u64(rest)?;
    Some(Charge { operations, bytes })
}

/// The key of an operation's payer.
pub(crate) fn payer_key(key: &OpKey) -> Vec<u8> {
    [[2].as_slice(), &key.to_bytes()].concat()
}

/// The key of a user's introducer.
pub(crate) fn introducer_key(user: UserNo) -> Vec<u8> {
    [[3].as_slice(), &user.0.to_be_bytes()].concat()
}

/// The value of a payer or introducer.
pub(crate) fn user_value(user: UserNo) -> [u8; 4] {
    user.0.to_be_bytes()
}

/// The payer or introducer of a stored value.
pub(crate) fn parse_user(bytes: &[u8]) -> Option<UserNo> {
    split_u32(bytes).map(|(number, _)| UserNo(number))
}
