//! The schemas of every strictly decoded message, and the limits of the protocol. Source: docs/PROTOCOL.md, "Limits".

mod peer;

pub use peer::*;

use super::schema::{Schema, Shape, implicit, optional, repeated};

/// Fields that are kept for ruleset 2: message and number. They are in no schema, and refused with a fault of their own.
pub const RESERVED: [(&str, u32); 4] =
    [("UserUpdate", 9), ("UserUpdate", 10), ("ChannelMembers", 4), ("ChannelMembers", 5)];

/// Bytes of an encoded operation.
pub const OPERATION_BYTES_MAX: usize = 512 * 1024;
/// Members in one operation.
pub const MEMBERS_MAX: usize = 1_024;
/// Wraps in one operation.
pub const WRAPS_MAX: usize = 1_024;
/// Epochs whose wraps one channel.members carries.
pub const MEMBERS_EPOCHS_MAX: usize = 64;
/// age bytes of one wrap.
pub const WRAP_BYTES_MAX: usize = 1_024;
/// Bytes of a user's display name.
pub const DISPLAY_NAME_BYTES_MAX: usize = 64;
/// Bytes of a channel's name.
pub const CHANNEL_NAME_BYTES_MAX: usize = 128;
/// Bytes of an encoded transaction.
pub const TRANSACTION_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of what a transaction's network keeps in it.
pub const TRANSMISSION_BYTES_MAX: usize = 4 * 1024;
/// Operations in one transaction.
pub const TRANSACTION_OPERATIONS_MAX: usize = 1_024;
/// Recipients of one sealed transaction.
pub const RECIPIENTS_MAX: usize = 16;
/// User ids in one request for users.
pub const REQUEST_USERS_MAX: usize = 1_024;
/// Bytes of a cursor.
pub const CURSOR_BYTES_MAX: usize = 128;
/// Bytes of an encoded request.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

const ID: Shape = Shape::Exactly(32);
const SIGNATURE: Shape = Shape::Exactly(64);
const U32: Shape = Shape::Varint(u32::MAX as u64);
const BOOL: Shape = Shape::Varint(1);

/// `Operation`
pub const OPERATION: Schema = Schema {
    name: "Operation",
    fields: &[
        implicit(1, Shape::AtMost(OPERATION_BYTES_MAX)),
        implicit(2, SIGNATURE),
        implicit(3, Shape::AtMost(OPERATION_BYTES_MAX)),
        implicit(4, SIGNATURE),
    ],
};

/// `Body`
pub const BODY: Schema = Schema {
    name: "Body",
    fields: &[implicit(1, Shape::AtMost(OPERATION_BYTES_MAX)), implicit(2, Shape::AtMost(OPERATION_BYTES_MAX))],
};

/// `Header`
pub const HEADER: Schema = Schema {
    name: "Header",
    fields: &[
        implicit(1, U32),
        implicit(2, Shape::Varint(i32::MAX as u64)),
        implicit(3, ID),
        implicit(4, ID),
        implicit(5, ID),
        implicit(6, Shape::Fixed64),
        implicit(7, ID),
        implicit(8, ID),
        implicit(9, Shape::Message(&LINK)),
    ],
};

/// `Link`
pub const LINK: Schema = Schema {
    name: "Link",
    fields: &[implicit(1, Shape::Exactly(16)), implicit(2, Shape::Varint(u64::MAX)), implicit(3, ID)],
};

/// `Certification`
pub const CERTIFICATION: Schema = Schema {
    name: "Certification",
    fields: &[implicit(1, ID), implicit(2, ID), implicit(3, Shape::Fixed64), implicit(4, Shape::Message(&LINK))],
};

/// `UserCreate`
pub const USER_CREATE: Schema = Schema {
    name: "UserCreate",
    fields: &[
        implicit(1, ID),
        implicit(2, ID),
        implicit(3, SIGNATURE),
        implicit(4, U32),
        implicit(5, Shape::Text(DISPLAY_NAME_BYTES_MAX)),
        implicit(6, ID),
    ],
};

/// `UserUpdate`; the fields of [`RESERVED`] are not in it.
pub const USER_UPDATE: Schema = Schema {
    name: "UserUpdate",
    fields: &[
        implicit(1, ID),
        optional(2, BOOL),
        implicit(3, ID),
        implicit(4, ID),
        implicit(5, SIGNATURE),
        implicit(6, U32),
        implicit(7, U32),
        optional(8, Shape::Text(DISPLAY_NAME_BYTES_MAX)),
    ],
};

/// `Member`
pub const MEMBER: Schema = Schema { name: "Member", fields: &[implicit(1, ID), implicit(2, U32)] };

/// `EpochWraps`
pub const EPOCH_WRAPS: Schema =
    Schema { name: "EpochWraps", fields: &[implicit(1, ID), repeated(2, Shape::Message(&WRAP), WRAPS_MAX)] };

/// `Wrap`
pub const WRAP: Schema =
    Schema { name: "Wrap", fields: &[implicit(1, ID), implicit(2, ID), implicit(3, Shape::AtMost(WRAP_BYTES_MAX))] };

/// `WrappedKey`
pub const WRAPPED_KEY: Schema = Schema {
    name: "WrappedKey",
    fields: &[implicit(1, Shape::Text(64)), implicit(2, ID), implicit(3, ID), implicit(4, ID)],
};

/// `ChannelOpen`
pub const CHANNEL_OPEN: Schema = Schema {
    name: "ChannelOpen",
    fields: &[implicit(1, Shape::AtMost(OPERATION_BYTES_MAX)), repeated(2, Shape::Message(&WRAP), WRAPS_MAX)],
};

/// `ChannelGenesis`
pub const CHANNEL_GENESIS: Schema = Schema {
    name: "ChannelGenesis",
    fields: &[
        implicit(1, ID),
        implicit(2, Shape::Text(CHANNEL_NAME_BYTES_MAX)),
        repeated(3, Shape::Message(&MEMBER), MEMBERS_MAX),
        implicit(4, ID),
    ],
};

/// `ChannelMembers`; the fields of [`RESERVED`] are not in it.
pub const CHANNEL_MEMBERS: Schema = Schema {
    name: "ChannelMembers",
    fields: &[
        repeated(1, Shape::Message(&MEMBER), MEMBERS_MAX),
        repeated(2, ID, MEMBERS_MAX),
        repeated(3, Shape::Message(&EPOCH_WRAPS), MEMBERS_EPOCHS_MAX),
    ],
};

/// `ChannelEpoch`
pub const CHANNEL_EPOCH: Schema = Schema { name: "ChannelEpoch", fields: &[implicit(1, Shape::Message(&EPOCH_WRAPS))] };

/// `ChannelMessage`
pub const CHANNEL_MESSAGE: Schema = Schema {
    name: "ChannelMessage",
    fields: &[implicit(1, Shape::Exactly(24)), implicit(2, Shape::AtMost(OPERATION_BYTES_MAX))],
};

/// `ChannelClose`
pub const CHANNEL_CLOSE: Schema = Schema { name: "ChannelClose", fields: &[] };

/// `Transaction`
pub const TRANSACTION: Schema = Schema {
    name: "Transaction",
    fields: &[
        implicit(1, U32),
        implicit(2, Shape::Message(&PIPELINE_OPTIONS)),
        implicit(3, Shape::AtMost(TRANSMISSION_BYTES_MAX)),
        implicit(4, Shape::AtMost(TRANSACTION_BYTES_MAX)),
        implicit(5, Shape::AtMost(TRANSACTION_BYTES_MAX)),
    ],
};

/// `PipelineOptions`
pub const PIPELINE_OPTIONS: Schema =
    Schema { name: "PipelineOptions", fields: &[implicit(1, BOOL), implicit(2, BOOL), implicit(3, BOOL)] };

/// `TransactionContent`
pub const TRANSACTION_CONTENT: Schema = Schema {
    name: "TransactionContent",
    fields: &[
        repeated(1, Shape::AtMost(OPERATION_BYTES_MAX), TRANSACTION_OPERATIONS_MAX),
        implicit(2, Shape::AtMost(REQUEST_BYTES_MAX)),
        implicit(3, ID),
    ],
};

/// `SignedRequest`
pub const SIGNED_REQUEST: Schema =
    Schema { name: "SignedRequest", fields: &[implicit(1, Shape::AtMost(REQUEST_BYTES_MAX)), implicit(2, SIGNATURE)] };

/// `Request`
pub const REQUEST: Schema = Schema {
    name: "Request",
    fields: &[
        implicit(1, U32),
        implicit(2, ID),
        implicit(3, ID),
        implicit(4, ID),
        implicit(5, Shape::Exactly(16)),
        implicit(6, Shape::Fixed64),
        implicit(7, Shape::Message(&QUERY)),
        implicit(8, ID),
    ],
};

/// `Query`
pub const QUERY: Schema = Schema {
    name: "Query",
    fields: &[
        implicit(1, Shape::Message(&READ_USERS)),
        implicit(2, Shape::Message(&READ_CHANNEL)),
        implicit(3, Shape::Message(&LIST_CHANNELS)),
        implicit(4, Shape::Message(&READ_MESSAGES)),
        implicit(5, Shape::Message(&SUBSCRIBE)),
        implicit(6, Shape::Message(&READ_KEYS)),
    ],
};

/// `ReadUsers`
pub const READ_USERS: Schema = Schema {
    name: "ReadUsers",
    fields: &[repeated(1, ID, REQUEST_USERS_MAX), implicit(2, Shape::AtMost(CURSOR_BYTES_MAX)), implicit(3, U32)],
};

/// `ReadChannel`
pub const READ_CHANNEL: Schema = Schema {
    name: "ReadChannel",
    fields: &[implicit(1, ID), implicit(2, Shape::AtMost(CURSOR_BYTES_MAX)), implicit(3, U32)],
};

/// `ListChannels`
pub const LIST_CHANNELS: Schema =
    Schema { name: "ListChannels", fields: &[implicit(1, Shape::AtMost(CURSOR_BYTES_MAX)), implicit(2, U32)] };

/// `ReadMessages`
pub const READ_MESSAGES: Schema = Schema {
    name: "ReadMessages",
    fields: &[implicit(1, ID), implicit(2, Shape::AtMost(CURSOR_BYTES_MAX)), implicit(3, U32), implicit(4, BOOL)],
};

/// `ReadKeys`
pub const READ_KEYS: Schema = Schema {
    name: "ReadKeys",
    fields: &[
        implicit(1, ID),
        implicit(2, ID),
        implicit(3, Shape::AtMost(CURSOR_BYTES_MAX)),
        implicit(4, U32),
        implicit(5, Shape::Exactly(16)),
        implicit(6, BOOL),
        implicit(7, ID),
    ],
};

/// `Subscribe`
pub const SUBSCRIBE: Schema = Schema {
    name: "Subscribe",
    fields: &[implicit(1, ID), implicit(2, Shape::AtMost(CURSOR_BYTES_MAX)), implicit(3, BOOL)],
};
