//! The targets, one a file.

mod age_wrap;
mod cursor;
mod edited_operation;
mod equivocation;
mod identity_text;
mod json_frame;
mod operation;
mod payload;
mod peer_frame;
mod proto_frame;
mod reconcile_message;
mod transaction;

use super::Target;

/// Every target, ascending by name.
pub const TARGETS: &[Target] = &[
    Target { name: "age_wrap", run: age_wrap::run },
    Target { name: "cursor", run: cursor::run },
    Target { name: "edited_operation", run: edited_operation::run },
    Target { name: "equivocation", run: equivocation::run },
    Target { name: "identity_text", run: identity_text::run },
    Target { name: "json_frame", run: json_frame::run },
    Target { name: "operation", run: operation::run },
    Target { name: "payload", run: payload::run },
    Target { name: "peer_frame", run: peer_frame::run },
    Target { name: "proto_frame", run: proto_frame::run },
    Target { name: "reconcile_message", run: reconcile_message::run },
    Target { name: "transaction", run: transaction::run },
];
