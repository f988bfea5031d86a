//! Every strictly decoded message: its schema beside the type that prost decodes; and how to write one of each.

use bytes::Bytes;
use dmpc::{
    v1,
    wire::{Field, Schema, Shape, schemas},
};
use prost::Message;

use super::raw;

/// A strictly decoded message.
pub(super) struct Strict {
    pub(super) schema: &'static Schema,
    /// What prost makes of bytes, encoded again.
    pub(super) reencode: fn(Bytes) -> Option<Vec<u8>>,
}

fn reencode<M: Message + Default>(bytes: Bytes) -> Option<Vec<u8>> {
    M::decode(bytes).ok().map(|message| message.encode_to_vec())
}

macro_rules! strict {
    ($($schema:ident $type:ident),* $(,)?) => {
        &[$(Strict { schema: &schemas::$schema, reencode: reencode::<v1::$type> }),*]
    };
}

/// All of them. That none is missing is a specification in `schemas.rs`.
pub(super) const ALL: &[Strict] = strict![
    OPERATION Operation, BODY Body, HEADER Header, LINK Link, CERTIFICATION Certification,
    USER_CREATE UserCreate, USER_UPDATE UserUpdate, MEMBER Member, EPOCH_WRAPS EpochWraps, WRAP Wrap,
    WRAPPED_KEY WrappedKey, CHANNEL_OPEN ChannelOpen, CHANNEL_GENESIS ChannelGenesis,
    CHANNEL_MEMBERS ChannelMembers, CHANNEL_EPOCH ChannelEpoch, CHANNEL_MESSAGE ChannelMessage,
    CHANNEL_CLOSE ChannelClose, TRANSACTION Transaction, PIPELINE_OPTIONS PipelineOptions,
    TRANSACTION_CONTENT TransactionContent, SIGNED_REQUEST SignedRequest, REQUEST Request, QUERY Query,
    READ_USERS ReadUsers, READ_CHANNEL ReadChannel, LIST_CHANNELS ListChannels,
    READ_MESSAGES ReadMessages, SUBSCRIBE Subscribe, READ_KEYS ReadKeys,
    PEER_FRAME PeerFrame, PEER_TERMS PeerTerms, PEER_HEAD PeerHead, PEER_RECONCILE PeerReconcile, PEER_WANT PeerWant,
    PEER_OPERATIONS PeerOperations, PEER_OUTCOMES PeerOutcomes, PEER_RECONCILED PeerReconciled, PEER_ALIVE PeerAlive,
    PEER_END PeerEnd,
];

/// The wire type of a field.
pub(super) fn wire_type(field: &Field) -> u64 {
    match field.shape {
        Shape::Varint(_) => raw::VARINT,
        Shape::Fixed64 => raw::FIXED64,
        Shape::Exactly(_) | Shape::AtMost(_) | Shape::Text(_) | Shape::Message(_) => raw::LENGTH_DELIMITED,
    }
}

/// One field with a value that it may have, which is not its default.
pub(super) fn sample(field: &Field) -> Vec<u8> {
    match &field.shape {
        Shape::Varint(_) => raw::number(field.number, 1),
        Shape::Fixed64 => raw::fixed64(field.number, 1),
        Shape::Exactly(length) => raw::bytes(field.number, &vec![7; *length]),
        Shape::AtMost(_) => raw::bytes(field.number, &[7; 3]),
        Shape::Text(_) => raw::bytes(field.number, b"abc"),
        Shape::Message(schema) => raw::bytes(field.number, &full(schema).concat()),
    }
}

/// A message with every field once, in order; one element for each field.
pub(super) fn full(schema: &Schema) -> Vec<Vec<u8>> {
    schema.fields.iter().map(sample).collect()
}

/// A message with this field alone.
pub(super) fn with_value(field: &Field, value: &[u8]) -> Vec<u8> {
    match field.shape {
        Shape::Varint(_) | Shape::Fixed64 => [raw::tag(field.number, wire_type(field)), value.to_vec()].concat(),
        Shape::Exactly(_) | Shape::AtMost(_) | Shape::Text(_) | Shape::Message(_) => raw::bytes(field.number, value),
    }
}

/// Every field of every message, with the message.
pub(super) fn fields() -> impl Iterator<Item = (&'static Schema, &'static Field)> {
    ALL.iter().flat_map(|strict| strict.schema.fields.iter().map(|field| (strict.schema, field)))
}
