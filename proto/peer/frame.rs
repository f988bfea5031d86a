//! Frames: one at a time, strictly decoded.

use bytes::Bytes;
use prost::Message;

use super::{Head, Outcomes, PeerFrameError, Terms, Want, outcome::within};
use crate::{
    v1,
    wire::{
        self,
        schemas::{
            self, PEER_DETAIL_BYTES_MAX, PEER_FRAME_BYTES_MAX, PEER_OPERATIONS_BYTES_MAX, PEER_REASON_BYTES_MAX,
        },
    },
};

/// One message of the reconciliation of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// The number of the scope.
    pub scope: u32,
    /// The message, not looked into yet: [`crate::reconcile::Message::decode`].
    pub message: Bytes,
}

/// Operations that are handed over, not looked into yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Encoded operations: at most 256, and 512 KiB unless it is one alone.
    pub operations: Vec<Bytes>,
    /// The want that they answer; `None` where nobody asked.
    pub want: Option<u64>,
    /// The want is answered as far as it can be.
    pub last: bool,
}

/// The end, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// A stable word.
    pub reason: String,
    /// For people; may be empty.
    pub detail: String,
}

/// What one node says to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// What it has and wants; the first frame.
    Terms(Terms),
    /// A message of a reconciliation.
    Reconcile(Reconcile),
    /// Asks for operations.
    Want(Want),
    /// Hands operations over.
    Operations(Operations),
    /// What became of operations.
    Outcomes(Outcomes),
    /// It has nothing more to ask for or to hand over from before.
    Reconciled(Head),
    /// It is there.
    Alive(Head),
    /// The last frame.
    End(End),
}

impl Frame {
    /// Decodes a frame strictly.
    ///
    /// # Errors
    /// [`PeerFrameError`], one variant per broken rule.
    pub fn decode(bytes: &Bytes) -> Result<Self, PeerFrameError> {
        if bytes.len() > PEER_FRAME_BYTES_MAX {
            return Err(PeerFrameError::TooLarge(bytes.len()));
        }
        let wire: v1::PeerFrame = wire::decode(&schemas::PEER_FRAME, bytes)?;
        let v1::PeerFrame { terms, reconcile, want, operations, outcomes, reconciled, alive, end } = wire;
        let terms = terms.map(|terms| Terms::decode(&terms).map(Self::Terms));
        let reconcile =
            reconcile.map(|v1::PeerReconcile { scope, message }| Ok(Self::Reconcile(Reconcile { scope, message })));
        let want = want.map(|want| Want::decode(&want).map(Self::Want));
        let operations = operations.map(|operations| Operations::decode(operations).map(Self::Operations));
        let outcomes = outcomes.map(|outcomes| Outcomes::decode(outcomes).map(Self::Outcomes));
        let reconciled =
            reconciled.map(|wire| Ok(Self::Reconciled(Head::decode(wire.head.as_ref(), "PeerReconciled", 1)?)));
        let alive = alive.map(|wire| Ok(Self::Alive(Head::decode(wire.head.as_ref(), "PeerAlive", 1)?)));
        let end = end.map(|v1::PeerEnd { reason, detail }| Ok(Self::End(End { reason, detail })));
        let mut fields: Vec<Result<Self, PeerFrameError>> =
            [terms, reconcile, want, operations, outcomes, reconciled, alive, end].into_iter().flatten().collect();
        match (fields.pop(), fields.len()) {
            (Some(frame), 0) => frame,
            (None, _) => Err(PeerFrameError::NotOneField(0)),
            (Some(_), others) => Err(PeerFrameError::NotOneField(others + 1)),
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`PeerFrameError`] when what it makes could not be decoded.
    pub fn encode(&self) -> Result<Bytes, PeerFrameError> {
        let mut wire = v1::PeerFrame::default();
        match self {
            Self::Terms(terms) => wire.terms = Some(terms.encode()),
            Self::Reconcile(Reconcile { scope, message }) => {
                wire.reconcile = Some(v1::PeerReconcile { scope: *scope, message: message.clone() });
            }
            Self::Want(want) => wire.want = Some(want.encode()),
            Self::Operations(operations) => wire.operations = Some(operations.encode()),
            Self::Outcomes(outcomes) => wire.outcomes = Some(outcomes.encode()),
            Self::Reconciled(head) => wire.reconciled = Some(v1::PeerReconciled { head: Some(head.encode()) }),
            Self::Alive(head) => wire.alive = Some(v1::PeerAlive { head: Some(head.encode()) }),
            Self::End(End { reason, detail }) => {
                let (reason, detail) = (within(reason, PEER_REASON_BYTES_MAX), within(detail, PEER_DETAIL_BYTES_MAX));
                wire.end = Some(v1::PeerEnd { reason, detail });
            }
        }
        let bytes = Bytes::from(wire.encode_to_vec());
        if bytes.len() > PEER_FRAME_BYTES_MAX {
            return Err(PeerFrameError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    /// Its stable word, in metrics and in what people read.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Terms(_) => "terms",
            Self::Reconcile(_) => "reconcile",
            Self::Want(_) => "want",
            Self::Operations(_) => "operations",
            Self::Outcomes(_) => "outcomes",
            Self::Reconciled(_) => "reconciled",
            Self::Alive(_) => "alive",
            Self::End(_) => "end",
        }
    }
}

impl Operations {
    fn decode(wire: v1::PeerOperations) -> Result<Self, PeerFrameError> {
        let v1::PeerOperations { operations, want, last } = wire;
        let bytes: usize = operations.iter().map(Bytes::len).sum();
        let want = (want != 0).then_some(want);
        let is_empty = operations.is_empty() && !last;
        let is_misplaced = last && want.is_none();
        let is_large = bytes > PEER_OPERATIONS_BYTES_MAX && operations.len() > 1;
        if is_empty || is_misplaced || is_large || operations.iter().any(Bytes::is_empty) {
            return Err(PeerFrameError::Operations);
        }
        Ok(Self { operations, want, last })
    }

    fn encode(&self) -> v1::PeerOperations {
        v1::PeerOperations { operations: self.operations.clone(), want: self.want.unwrap_or_default(), last: self.last }
    }
}
