//! `users`: the fields of users, each with its history.
//!
//! ```text
//! key    user u32 | field u8 | permission u8 (0 but for field 4) | OpKey 40
//! value  a register's value
//! field  1 root, 2 created, 3 active, 4 permission, 5 name
//! ```

use super::{Family, UserNo, facts::Place};

/// The root mark.
pub(crate) const ROOT: u8 = 1;
/// The creation.
pub(crate) const CREATED: u8 = 2;
/// Whether it is active.
pub(crate) const ACTIVE: u8 = 3;
/// A permission.
pub(crate) const PERMISSION: u8 = 4;
/// Its name.
pub(crate) const NAME: u8 = 5;

/// The place of a field.
pub(crate) fn place(user: UserNo, field: u8, permission: u8) -> Place {
    Place { family: Family::Users, prefix: [user.0.to_be_bytes().as_slice(), &[field, permission]].concat() }
}
