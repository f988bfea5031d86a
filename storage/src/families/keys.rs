//! `keys`: the keys of users, each with its history.
//!
//! ```text
//! key    user u32 | use u8 | OpKey 40
//! value  a register's value
//! use    1 signing, 2 encryption
//! ```

use super::{Family, UserNo, facts::Place};

/// The signing key.
pub(crate) const SIGNING: u8 = 1;
/// The encryption key.
pub(crate) const ENCRYPTION: u8 = 2;

/// The place of a key.
pub(crate) fn place(user: UserNo, purpose: u8) -> Place {
    Place { family: Family::Keys, prefix: [user.0.to_be_bytes().as_slice(), &[purpose]].concat() }
}
