//! `issues`: the operations that certify an issue, and those by which one took effect.
//!
//! ```text
//! key    issue id 32 | 0 | OpKey 40      an operation that certifies it; the value is empty; written once
//! key    issue id 32 | 1 | OpKey 40      it took effect by this operation; a register's value
//! ```

use dmpc::{IssueId, OpKey};

use super::{Family, facts::Place};

/// What all operations that certify an issue begin with.
pub(crate) fn index_prefix(issue: &IssueId) -> Vec<u8> {
    [issue.as_bytes().as_slice(), &[0]].concat()
}

/// The key of an operation that certifies an issue.
pub(crate) fn index_key(issue: &IssueId, key: &OpKey) -> Vec<u8> {
    [index_prefix(issue).as_slice(), &key.to_bytes()].concat()
}

/// The place of the register.
pub(crate) fn taken_place(issue: &IssueId) -> Place {
    Place { family: Family::Issues, prefix: [issue.as_bytes().as_slice(), &[1]].concat() }
}
