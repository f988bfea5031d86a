//! `charges`: operations without effect, and who pays for them: their certifier, or its introducer while its own creation
//! is not applied; 0 is nobody, for what is certified with keys of nobody's. Bounds admission; part of no view and no digest.
//!
//! ```text
//! key    1 | user u32     value  operations u64 | bytes u64
//! key    2 | OpKey 40     value  payer u32
//! key    3 | user u32     value  introducer u32: who certified the create that made the user known | its genesis signing
//!                                key 32; written once
//! ```

use dmpc::{OpKey, keys::VerifyingKey};

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

/// The key of a user's introduction.
pub(crate) fn introduction_key(user: UserNo) -> Vec<u8> {
    [[3].as_slice(), &user.0.to_be_bytes()].concat()
}

/// The value of an introduction.
pub(crate) fn introduction_value(by: UserNo, genesis: &VerifyingKey) -> Vec<u8> {
    [user_value(by).as_slice(), genesis.as_bytes()].concat()
}

/// Introducer and genesis signing key of a stored value.
pub(crate) fn parse_introduction(bytes: &[u8]) -> Option<(UserNo, VerifyingKey)> {
    let (by, genesis) = split_u32(bytes)?;
    Some((UserNo(by), VerifyingKey::from_bytes(genesis.try_into().ok()?).ok()?))
}

/// The value of a payer.
pub(crate) fn user_value(user: UserNo) -> [u8; 4] {
    user.0.to_be_bytes()
}

/// The payer of a stored value.
pub(crate) fn parse_user(bytes: &[u8]) -> Option<UserNo> {
    split_u32(bytes).map(|(number, _)| UserNo(number))
}
