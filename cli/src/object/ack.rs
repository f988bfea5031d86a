//! What a node said of a transaction. Its bytes are an `Ack`.

use bytes::Bytes;
use dmpc::{Hlc, OpId, v1};
use prost::Message;
use serde_json::json;

use super::ObjectError;
use crate::{time, view::Fields};

const TAG: &str = "ack";

/// What a node said of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct AckObject(pub v1::Ack);

impl AckObject {
    pub(super) fn encode(&self) -> Bytes {
        self.0.encode_to_vec().into()
    }

    pub(super) fn decode(bytes: &Bytes) -> Result<Self, ObjectError> {
        v1::Ack::decode(bytes.clone()).map(Self).map_err(|_| ObjectError::malformed(TAG, "undecodable"))
    }

    pub(super) fn fields(&self) -> Fields {
        let ack = &self.0;
        let mut fields = Fields::default();
        fields.text(
            "state",
            match ack.state() {
                v1::TicketState::Unspecified => "unspecified",
                v1::TicketState::Queued => "queued",
                v1::TicketState::Running => "running",
                v1::TicketState::Success => "success",
                v1::TicketState::Failed => "failed",
            },
        );
        let outcome = |outcome: &v1::Outcome| {
            let id = OpId::from_slice(&outcome.operation).map(|id| id.to_string()).unwrap_or_default();
            let kind = match outcome.kind() {
                v1::OutcomeKind::Unspecified => "unspecified",
                v1::OutcomeKind::Applied => "applied",
                v1::OutcomeKind::Pending => "pending",
                v1::OutcomeKind::Rejected => "rejected",
                v1::OutcomeKind::Duplicate => "duplicate",
                v1::OutcomeKind::Refused => "refused",
            };
            json!({ "operation": id, "outcome": kind, "reason": outcome.reason, "detail": outcome.detail })
        };
        if !ack.outcomes.is_empty() {
            fields.json("outcomes", ack.outcomes.iter().map(outcome).collect());
        }
        if let Some(error) = &ack.error {
            fields.json("error", json!({ "reason": error.reason, "detail": error.detail }));
        }
        let latest = Hlc::from_bits(ack.latest);
        fields.text("latest", time::rfc3339(latest));
        fields.flag("sealed", !ack.sealed.is_empty());
        fields
    }
}
