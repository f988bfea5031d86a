//! The schemas of what nodes say to each other, and its limits. Source: docs/PROTOCOL.md, "Between nodes".

use super::{BOOL, ID, OPERATION_BYTES_MAX, U32};
use crate::wire::schema::{Schema, Shape, implicit, repeated};

/// Bytes of an encoded frame between nodes.
pub const PEER_FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Channels that one node names in its terms.
pub const PEER_CHANNELS_MAX: usize = 1_024;
/// Bytes of one message of a reconciliation.
pub const RECONCILE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the ids in one want: 2,048 ids.
pub const WANT_BYTES_MAX: usize = 64 * 1024;
/// Operations in one frame.
pub const PEER_OPERATIONS_MAX: usize = 256;
/// Bytes of operations in one frame; one operation alone may have as many.
pub const PEER_OPERATIONS_BYTES_MAX: usize = OPERATION_BYTES_MAX;
/// Outcomes in one frame.
pub const PEER_OUTCOMES_MAX: usize = 4_096;
/// Bytes of a reason.
pub const PEER_REASON_BYTES_MAX: usize = 64;
/// Bytes of what is said for people.
pub const PEER_DETAIL_BYTES_MAX: usize = 256;

const U64: Shape = Shape::Varint(u64::MAX);

/// `PeerFrame`
pub const PEER_FRAME: Schema = Schema {
    name: "PeerFrame",
    fields: &[
        implicit(1, Shape::Message(&PEER_TERMS)),
        implicit(2, Shape::Message(&PEER_RECONCILE)),
        implicit(3, Shape::Message(&PEER_WANT)),
        implicit(4, Shape::Message(&PEER_OPERATIONS)),
        implicit(5, Shape::Message(&PEER_OUTCOMES)),
        implicit(6, Shape::Message(&PEER_RECONCILED)),
        implicit(7, Shape::Message(&PEER_ALIVE)),
        implicit(8, Shape::Message(&PEER_END)),
    ],
};

/// `PeerTerms`
pub const PEER_TERMS: Schema = Schema {
    name: "PeerTerms",
    fields: &[
        implicit(1, U32),
        implicit(2, U32),
        implicit(3, ID),
        implicit(4, ID),
        implicit(5, BOOL),
        repeated(6, ID, PEER_CHANNELS_MAX),
        implicit(7, BOOL),
        implicit(8, BOOL),
        implicit(9, U32),
        implicit(10, U32),
        implicit(11, Shape::Message(&PEER_HEAD)),
    ],
};

/// `PeerHead`
pub const PEER_HEAD: Schema = Schema {
    name: "PeerHead",
    fields: &[implicit(1, U64), implicit(2, Shape::Fixed64), implicit(3, ID), implicit(4, ID)],
};

/// `PeerReconcile`
pub const PEER_RECONCILE: Schema =
    Schema { name: "PeerReconcile", fields: &[implicit(1, U32), implicit(2, Shape::AtMost(RECONCILE_BYTES_MAX))] };

/// `PeerWant`
pub const PEER_WANT: Schema = Schema {
    name: "PeerWant",
    fields: &[
        implicit(1, U64),
        implicit(2, U32),
        implicit(3, Shape::Exactly(40)),
        implicit(4, Shape::AtMost(WANT_BYTES_MAX)),
    ],
};

/// `PeerOperations`
pub const PEER_OPERATIONS: Schema = Schema {
    name: "PeerOperations",
    fields: &[
        repeated(1, Shape::AtMost(OPERATION_BYTES_MAX), PEER_OPERATIONS_MAX),
        implicit(2, U64),
        implicit(3, BOOL),
    ],
};

/// `PeerOutcomes`
pub const PEER_OUTCOMES: Schema = Schema {
    name: "PeerOutcomes",
    fields: &[
        implicit(1, Shape::AtMost(PEER_OUTCOMES_MAX)),
        repeated(2, Shape::Text(PEER_REASON_BYTES_MAX), PEER_OUTCOMES_MAX),
    ],
};

/// `PeerReconciled`
pub const PEER_RECONCILED: Schema =
    Schema { name: "PeerReconciled", fields: &[implicit(1, Shape::Message(&PEER_HEAD))] };

/// `PeerAlive`
pub const PEER_ALIVE: Schema = Schema { name: "PeerAlive", fields: &[implicit(1, Shape::Message(&PEER_HEAD))] };

/// `PeerEnd`
pub const PEER_END: Schema = Schema {
    name: "PeerEnd",
    fields: &[implicit(1, Shape::Text(PEER_REASON_BYTES_MAX)), implicit(2, Shape::Text(PEER_DETAIL_BYTES_MAX))],
};
