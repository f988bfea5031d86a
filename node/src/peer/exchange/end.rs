//! Why an exchange ends. The words go over the wire and into metrics. Source: docs/PROTOCOL.md, "Between nodes".

use std::fmt;

/// Why an exchange ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// One reconciliation was asked for, and it is done.
    Done,
    /// The node stops, or the peer was removed.
    Stopping,
    /// The other node was silent for too long, or the connection is gone.
    Silent,
    /// The other node speaks another version of the exchange.
    OtherVersion,
    /// The other node judges by another ruleset.
    OtherRuleset,
    /// The terms are of another node than the one that proved to be at the other end.
    OtherNode,
    /// One has no use for what the other would hand over.
    NothingCommon,
    /// A frame that is none, or that may not come now.
    Violation,
    /// Too many operations that are none, or not authentic.
    BadOperations,
    /// Too many operations that nobody asked for.
    Unasked,
    /// Too many operations that the node has no use for.
    Useless,
    /// Too many operations that the node had.
    Duplicates,
    /// Too many operations that the other node says to have and does not hand over.
    Withholding,
    /// The reconciliation comes to nothing.
    Endless,
    /// A fault of the node.
    Failed,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Done,
        Self::Stopping,
        Self::Silent,
        Self::OtherVersion,
        Self::OtherRuleset,
        Self::OtherNode,
        Self::NothingCommon,
        Self::Violation,
        Self::BadOperations,
        Self::Unasked,
        Self::Useless,
        Self::Duplicates,
        Self::Withholding,
        Self::Endless,
        Self::Failed,
    ];

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopping => "stopping",
            Self::Silent => "silent",
            Self::OtherVersion => "other_version",
            Self::OtherRuleset => "other_ruleset",
            Self::OtherNode => "other_node",
            Self::NothingCommon => "nothing_common",
            Self::Violation => "violation",
            Self::BadOperations => "bad_operations",
            Self::Unasked => "unasked",
            Self::Useless => "useless",
            Self::Duplicates => "duplicates",
            Self::Withholding => "withholding",
            Self::Endless => "endless",
            Self::Failed => "failed",
        }
    }

    /// Whether the other node is to blame: the next attempt is better made late.
    pub const fn is_offence(self) -> bool {
        match self {
            Self::Violation
            | Self::OtherNode
            | Self::BadOperations
            | Self::Unasked
            | Self::Useless
            | Self::Duplicates
            | Self::Withholding
            | Self::Endless => true,
            Self::Done
            | Self::Stopping
            | Self::Silent
            | Self::OtherVersion
            | Self::OtherRuleset
            | Self::NothingCommon
            | Self::Failed => false,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why: a word of [`EndReason`] where this node ended it, whatever the other node says where that did.
    pub reason: String,
    /// For people; may be empty.
    pub detail: String,
    /// This node's own reason; `None` where the other node ended it.
    pub own: Option<EndReason>,
}
