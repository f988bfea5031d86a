//! What can be seen of an exchange from outside.

use dmpc::{
    Hlc,
    peer::{Head, OutcomeKind, Terms},
};

use super::Ended;

/// Where an exchange is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The terms of the other node are awaited.
    #[default]
    Greeting,
    /// What differs is being found and handed over.
    Reconciling,
    /// What is new is handed over as it comes.
    Following,
    /// It ended.
    Ended,
}

impl Phase {
    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Reconciling => "reconciling",
            Self::Following => "following",
            Self::Ended => "ended",
        }
    }
}

/// Counts of operations by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; OutcomeKind::ALL.len()]);

impl Tally {
    /// How many had this outcome.
    pub fn of(&self, kind: OutcomeKind) -> u64 {
        self.0.get(place(kind)).copied().unwrap_or_default()
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn count(&mut self, kind: OutcomeKind) {
        if let Some(count) = self.0.get_mut(place(kind)) {
            *count += 1;
        }
    }
}

fn place(kind: OutcomeKind) -> usize {
    usize::from(kind.code().saturating_sub(1))
}

/// Operations that one node has and the other has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many.
    pub operations: u64,
    /// The earliest timestamp that one of them may have.
    pub earliest: Option<Hlc>,
}

impl Missing {
    pub(super) fn add(&mut self, operations: u64, earliest: Hlc) {
        if operations > 0 {
            self.operations += operations;
            self.earliest = Some(self.earliest.map_or(earliest, |known| known.min(earliest)));
        }
    }
}

/// What differs between two nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// What this node lacks.
    pub here: Missing,
    /// What the other node lacks.
    pub there: Missing,
}

impl Differences {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.here.operations == 0 && self.there.operations == 0
    }
}

/// What the other node did that it should not have, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offences {
    /// Operations that are none, or not authentic.
    pub bad: u64,
    /// Operations that nobody asked for, or outside of what is exchanged.
    pub unasked: u64,
    /// Operations that were refused because bounds were reached.
    pub useless: u64,
    /// Operations that it said to have and did not hand over.
    pub withheld: u64,
}

/// The end of a reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Where this node was.
    pub here: Head,
    /// Where the other node was.
    pub there: Head,
    /// What still differs after all was handed over that both would: refused, withheld, or not exchanged in this direction.
    pub left: Differences,
    /// Whether everything is exchanged.
    pub everything: bool,
}

impl Agreement {
    /// Whether the two had the same operations.
    pub fn logs_agree(&self) -> bool {
        self.here.log_digest == self.there.log_digest
    }

    /// Whether the two had the same state.
    pub fn states_agree(&self) -> bool {
        self.here.state_digest == self.there.state_digest
    }

    /// The logs differ though everything is exchanged and the reconciliation left nothing that does: either something
    /// arrived meanwhile, or the other node does not say what it has.
    pub fn is_unexplained(&self) -> bool {
        self.everything && self.left.is_empty() && !self.logs_agree()
    }
}

/// What can be seen of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Where it is.
    pub phase: Phase,
    /// What the other node has and wants, as it said in its first frame.
    pub terms: Option<Terms>,
    /// Where the other node was when it last said so.
    pub other: Option<Head>,
    /// Scopes that are exchanged.
    pub scopes: usize,
    /// Reconciliations that were finished.
    pub reconciliations: u64,
    /// Messages of the present or last reconciliation that were answered: its round trips, where one scope is exchanged.
    pub rounds: u64,
    /// Frames and bytes from the other node.
    pub frames_in: u64,
    /// Bytes from the other node.
    pub bytes_in: u64,
    /// Frames to the other node.
    pub frames_out: u64,
    /// Bytes to the other node.
    pub bytes_out: u64,
    /// Operations from the other node, by what became of them here.
    pub received: Tally,
    /// Operations to the other node, by what became of them there.
    pub sent: Tally,
    /// What the present or last reconciliation found.
    pub found: Differences,
    /// Of that, what is not made good: refused, withheld, or not exchanged in this direction.
    pub left: Differences,
    /// How the last reconciliation ended.
    pub agreement: Option<Agreement>,
    /// What the other node did that it should not have.
    pub offences: Offences,
    /// How it ended.
    pub ended: Option<Ended>,
}
