//! What goes from a verifier to the sequencer: transactions of one session, in their order.

use std::sync::Arc;

use dmpc::{
    OpId,
    error::{Classified, ErrorClass},
    keys::EncryptionKey,
    transaction::PipelineOptions,
};
use dmpc_storage::Submission;

use super::session::SessionCore;
use crate::error_map::Failure;

/// A transaction of operations was expected, and a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the transaction carries a request; requests are read, not submitted")]
pub(super) struct RequestSubmitted;

impl Classified for RequestSubmitted {
    fn class(&self) -> ErrorClass {
        ErrorClass::Malformed
    }

    fn reason(&self) -> &'static str {
        "request_submitted"
    }
}

/// The certifier submits more than it may in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certifier submits more operations a second than the node takes from one user; send it again in a second")]
pub(super) struct TooFast;

impl Classified for TooFast {
    fn class(&self) -> ErrorClass {
        ErrorClass::Overloaded
    }

    fn reason(&self) -> &'static str {
        "too_fast"
    }
}

/// Transactions of one session and their authentic operations.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) session: Arc<SessionCore>,
    pub(super) tickets: Vec<Ticket>,
    /// The authentic operations of all tickets, in their order.
    pub(super) submissions: Vec<Submission>,
}

/// One transaction on its way.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) client_id: u64,
    /// Of the encoded transaction.
    pub(super) bytes: usize,
    pub(super) options: PipelineOptions,
    /// What becomes of its operations is sealed to this key.
    pub(super) reply_to: Option<EncryptionKey>,
    /// What it takes of the session's room, in operations.
    pub(super) room: usize,
    /// Its operations, authentic or not; none when it was not understood.
    pub(super) operations: usize,
    /// Those that are none, ascending by place.
    pub(super) refused: Vec<Refused>,
    /// Why it was not understood.
    pub(super) failure: Option<Failure>,
}

impl Ticket {
    /// Of a transaction of so many bytes, not looked into yet.
    pub(super) fn new(client_id: u64, bytes: usize) -> Self {
        Self {
            client_id,
            bytes,
            options: PipelineOptions::default(),
            reply_to: None,
            room: 1,
            operations: 0,
            refused: Vec::new(),
            failure: None,
        }
    }
}

/// Bytes that are no authentic operation.
#[derive(Debug)]
pub(super) struct Refused {
    /// Its place among the operations of its transaction.
    pub(super) place: usize,
    /// Its id, if it is well formed.
    pub(super) id: Option<OpId>,
    pub(super) failure: Failure,
}
