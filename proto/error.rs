//! The errors that front ends answer with: one list for gRPC, websocket and command line.
//! A typed error of the protocol maps to one of these in one place, without a wildcard arm.

/// A class of failure; clients act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The bytes break a rule of the encoding or of the kind; they never become valid.
    Malformed,
    /// A size or count is over a limit.
    TooLarge,
    /// A signature does not verify, or a key may not be used.
    Unauthentic,
    /// The transaction is not sealed to this node, or sealed in a way the protocol does not have.
    CannotUnseal,
    /// This listener takes sealed transactions only.
    SealRequired,
    /// A request for another node, expired, or seen before.
    StaleRequest,
    /// The asker's permissions or rights do not suffice.
    PermissionDenied,
    /// What is asked for is not known to the node.
    NotFound,
    /// A bound is reached; try again later.
    Overloaded,
    /// The live submission came too late in the order; make it anew.
    Stale,
    /// The node is stopping; what was not acknowledged may be sent again.
    ShuttingDown,
    /// The node cannot say whether it took effect; send the same bytes again.
    Unknown,
    /// A fault of the node.
    Internal,
}

impl ErrorClass {
    /// Every class, for tables and tests.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Unauthentic,
        Self::CannotUnseal,
        Self::SealRequired,
        Self::StaleRequest,
        Self::PermissionDenied,
        Self::NotFound,
        Self::Overloaded,
        Self::Stale,
        Self::ShuttingDown,
        Self::Unknown,
        Self::Internal,
    ];

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Unauthentic => "unauthentic",
            Self::CannotUnseal => "cannot_unseal",
            Self::SealRequired => "seal_required",
            Self::StaleRequest => "stale_request",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::Stale => "stale",
            Self::ShuttingDown => "shutting_down",
            Self::Unknown => "unknown",
            Self::Internal => "internal",
        }
    }
}

/// A protocol error that says which class it belongs to and which rule was broken.
pub trait Classified: std::error::Error {
    /// The class, which decides codes.
    fn class(&self) -> ErrorClass;

    /// The stable word for the rule, such as `unknown_field`; the class's own word where there is no finer one.
    fn reason(&self) -> &'static str {
        self.class().word()
    }
}
