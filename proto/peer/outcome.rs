//! What became of operations that were handed over.

use super::PeerFrameError;
use crate::{
    v1,
    wire::schemas::{PEER_OUTCOMES_MAX, PEER_REASON_BYTES_MAX},
};

/// What became of an operation that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeKind {
    /// Logged, and part of the state.
    Applied,
    /// Logged; nothing earlier introduces what it names.
    Pending,
    /// Kept aside, not logged yet.
    Waiting,
    /// Logged, without effect.
    Rejected,
    /// Was there before. A success.
    Duplicate,
    /// Not kept; may be offered again.
    Refused,
    /// No operation, or not an authentic one; never to be offered again.
    Bad,
}

impl OutcomeKind {
    /// Every kind, in the order of their numbers, which count from 1.
    pub const ALL: [Self; 7] =
        [Self::Applied, Self::Pending, Self::Waiting, Self::Rejected, Self::Duplicate, Self::Refused, Self::Bad];

    /// Its number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Applied => 1,
            Self::Pending => 2,
            Self::Waiting => 3,
            Self::Rejected => 4,
            Self::Duplicate => 5,
            Self::Refused => 6,
            Self::Bad => 7,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Its stable word, in metrics and in what people read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Bad => "bad",
        }
    }

    /// Whether the other has the operation now.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::Refused | Self::Bad)
    }
}

/// What became of operations, in the order in which they were handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// At least one, at most 4,096; with a stable word for those that were not kept.
    pub outcomes: Vec<(OutcomeKind, Option<String>)>,
}

impl Outcomes {
    pub(super) fn decode(wire: v1::PeerOutcomes) -> Result<Self, PeerFrameError> {
        let mut reasons = wire.reasons.into_iter();
        let mut outcomes = Vec::with_capacity(wire.kinds.len());
        for code in &wire.kinds {
            let kind = OutcomeKind::from_code(*code).ok_or(PeerFrameError::Outcomes)?;
            let reason = match kind.is_kept() {
                true => None,
                false => Some(reasons.next().filter(|reason| !reason.is_empty()).ok_or(PeerFrameError::Outcomes)?),
            };
            outcomes.push((kind, reason));
        }
        if outcomes.is_empty() || reasons.next().is_some() {
            return Err(PeerFrameError::Outcomes);
        }
        Ok(Self { outcomes })
    }

    pub(super) fn encode(&self) -> v1::PeerOutcomes {
        let outcomes = self.outcomes.get(..PEER_OUTCOMES_MAX).unwrap_or(&self.outcomes);
        let reason = |(kind, reason): &(OutcomeKind, Option<String>)| {
            let reason = reason.as_deref().filter(|reason| !reason.is_empty()).unwrap_or("unknown");
            (!kind.is_kept()).then(|| within(reason, PEER_REASON_BYTES_MAX))
        };
        v1::PeerOutcomes {
            kinds: outcomes.iter().map(|(kind, _)| kind.code()).collect::<Vec<u8>>().into(),
            reasons: outcomes.iter().filter_map(reason).collect(),
        }
    }
}

/// As much of a text as so many bytes hold.
pub(super) fn within(text: &str, bytes: usize) -> String {
    text.char_indices().take_while(|(at, letter)| at + letter.len_utf8() <= bytes).map(|(_, letter)| letter).collect()
}
