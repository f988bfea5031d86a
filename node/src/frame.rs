//! What the front ends refuse before ingest or reads see it: frames that are no frames.

use dmpc::{
    error::{Classified, ErrorClass},
    wire::json::JsonError,
};

use crate::config::{BATCH_BYTES_MAX, BATCH_ITEMS_MAX};

/// Why a frame (or, over gRPC, a message) is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Over the limit.
    #[error("the frame has more bytes than the node takes (its limits.frame_bytes); send smaller batches")]
    TooLarge,
    /// Not the protobuf message that belongs there.
    #[error("the frame is not the protobuf message that belongs here")]
    Undecodable,
    /// Too many transactions at once.
    #[error("a batch has at most {BATCH_ITEMS_MAX} items")]
    BatchItems,
    /// Too many bytes at once.
    #[error("the transactions of a batch have at most {BATCH_BYTES_MAX} bytes together")]
    BatchBytes,
    /// Text where the subprotocol has binary frames.
    #[error("the subprotocol dmpc.v1.proto has binary frames only")]
    Text,
    /// Bytes where the subprotocol has text frames.
    #[error("the subprotocol dmpc.v1.json has text frames only")]
    Binary,
    /// Not the JSON form of a frame.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A frame of the node's own that has no JSON form.
    #[error("a frame of the node has no JSON form")]
    Unencodable,
    /// No field, or several, beside the id.
    #[error("a frame has exactly one field beside its id")]
    NotOneField,
    /// The id names a subscription already.
    #[error("a subscription of this connection has this id already")]
    IdInUse,
    /// No subscription has this id.
    #[error("no subscription of this connection has this id")]
    NoSubscription,
    /// As many as there may be.
    #[error("the connection has as many subscriptions as the node allows (its limits.connection_subscriptions)")]
    Subscriptions,
    /// The client asked for the end.
    #[error("the subscription ended as asked")]
    Unsubscribed,
    /// The rules of websocket are broken.
    #[error("the frame breaks the rules of websocket")]
    Protocol,
    /// Too much has arrived in part, over all connections.
    #[error("too many messages are arriving at once (the node's limits.arriving_bytes); try again later")]
    Arriving,
    /// Nothing came for too long, no answer to a ping either.
    #[error("nothing came for too long, no answer to a ping either")]
    Silence,
}

impl Classified for FrameError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::TooLarge | Self::BatchItems | Self::BatchBytes => ErrorClass::TooLarge,
            Self::Json(error) => error.class(),
            Self::Unencodable => ErrorClass::Internal,
            Self::Undecodable
            | Self::Text
            | Self::Binary
            | Self::NotOneField
            | Self::IdInUse
            | Self::Unsubscribed
            | Self::Protocol => ErrorClass::Malformed,
            Self::NoSubscription => ErrorClass::NotFound,
            Self::Subscriptions | Self::Arriving | Self::Silence => ErrorClass::Overloaded,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "frame_too_large",
            Self::Undecodable => "undecodable",
            Self::BatchItems => "batch_items",
            Self::BatchBytes => "batch_bytes",
            Self::Text => "text_frame",
            Self::Binary => "binary_frame",
            Self::Json(error) => error.reason(),
            Self::Unencodable => "internal",
            Self::NotOneField => "not_one_field",
            Self::IdInUse => "id_in_use",
            Self::NoSubscription => "no_subscription",
            Self::Subscriptions => "too_many_subscriptions",
            Self::Unsubscribed => "unsubscribed",
            Self::Protocol => "websocket_protocol",
            Self::Arriving => "overloaded",
            Self::Silence => "silence",
        }
    }
}
