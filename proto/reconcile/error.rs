//! Why bytes are no message of a reconciliation.

use crate::error::{Classified, ErrorClass};

/// Why bytes are no message of a reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileError {
    /// No byte that names the version, or another version.
    #[error("the message of the reconciliation is not of version 1 of negentropy")]
    Version,
    /// The bytes end inside a range.
    #[error("the message of the reconciliation ends inside a range")]
    Truncated,
    /// A number with more bytes than it needs, or over 64 bits.
    #[error("a number in the message of the reconciliation is not written in its shortest form")]
    Number,
    /// A bound with more than 32 bytes of an id.
    #[error("a bound in the message of the reconciliation has {0} bytes of an id, 32 are allowed")]
    Bound(u64),
    /// Bounds that do not ascend.
    #[error("the bounds in the message of the reconciliation do not ascend")]
    Misordered,
    /// A range of a sort that there is not.
    #[error("a range of the reconciliation is of an unknown sort: {0}")]
    Mode(u64),
    /// An id that stands twice in a list.
    #[error("an id stands twice in a list of the reconciliation")]
    Repeated,
}

impl Classified for ReconcileError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Malformed
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Version => "reconcile_version",
            Self::Truncated => "reconcile_truncated",
            Self::Number => "reconcile_number",
            Self::Bound(_) => "reconcile_bound",
            Self::Misordered => "reconcile_misordered",
            Self::Mode(_) => "reconcile_mode",
            Self::Repeated => "reconcile_repeated",
        }
    }
}
