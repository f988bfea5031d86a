//! Drafts: what is to be signed. An operation without who, when and where in a lane; or a question to a node.
//!
//! A message cannot be sealed before it has its header, so its text travels sealed to whoever will sign it, beside that
//! person's own wrap of the epoch key: nothing of it is in the clear.

use bytes::Bytes;
use dmpc::{
    ChannelId, KeyId, NodeId, UserId,
    error::Classified,
    kinds::{Kind, Payload},
    operation,
    request::Query,
    v1,
};
use prost::Message;

use super::ObjectError;
use crate::view::{Fields, payload_fields, query_fields};

const TAG: &str = "draft";
/// The version of the encoding.
const VERSION: u32 = 1;

/// What is to be signed.
#[derive(Clone, Debug)]
pub enum Draft {
    /// An operation.
    Operation {
        /// Its kind, channel and epoch.
        draft: operation::Draft,
        /// Who alone can issue it, where that is settled.
        issuer: Option<UserId>,
        /// What it says.
        payload: DraftPayload,
    },
    /// A question to a node.
    Request {
        /// The node.
        node: NodeId,
        /// The question.
        query: Query,
    },
}

/// What an operation is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftPayload {
    /// An encoded payload.
    Encoded(Bytes),
    /// A message.
    Message {
        /// The issuer's wrap of the epoch key.
        wrap: Bytes,
        /// The content, sealed by age to the issuer.
        content: Bytes,
    },
}

#[derive(Clone, PartialEq, Message)]
struct Wire {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(bytes = "bytes", tag = "3")]
    channel: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    key_id: Bytes,
    #[prost(bytes = "bytes", tag = "5")]
    issuer: Bytes,
    #[prost(bytes = "bytes", tag = "6")]
    payload: Bytes,
    #[prost(bytes = "bytes", tag = "7")]
    wrap: Bytes,
    #[prost(bytes = "bytes", tag = "8")]
    content: Bytes,
    #[prost(bytes = "bytes", tag = "9")]
    node: Bytes,
    #[prost(message, optional, tag = "10")]
    query: Option<v1::Query>,
}

impl Draft {
    /// An operation that anybody may issue.
    pub fn by_anybody(draft: operation::Draft, payload: Vec<u8>) -> Self {
        Self::Operation { draft, issuer: None, payload: DraftPayload::Encoded(payload.into()) }
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut wire = Wire { version: VERSION, ..Wire::default() };
        match self {
            Self::Operation { draft, issuer, payload } => {
                wire.kind = draft.kind.to_wire() as i32;
                wire.channel = draft.channel.map(|id| Bytes::copy_from_slice(id.as_bytes())).unwrap_or_default();
                wire.key_id = draft.key_id.map(|id| Bytes::copy_from_slice(id.as_bytes())).unwrap_or_default();
                wire.issuer = issuer.map(|id| Bytes::copy_from_slice(id.as_bytes())).unwrap_or_default();
                match payload {
                    DraftPayload::Encoded(payload) => wire.payload = payload.clone(),
                    DraftPayload::Message { wrap, content } => {
                        wire.wrap = wrap.clone();
                        wire.content = content.clone();
                    }
                }
            }
            Self::Request { node, query } => {
                wire.node = Bytes::copy_from_slice(node.as_bytes());
                wire.query = Some(query.to_wire());
            }
        }
        wire.encode_to_vec().into()
    }

    pub(super) fn decode(bytes: &Bytes) -> Result<Self, ObjectError> {
        let malformed = |what| ObjectError::malformed(TAG, what);
        let wire = Wire::decode(bytes.clone()).map_err(|_| malformed("undecodable"))?;
        // One content has one encoding.
        if wire.encode_to_vec() != bytes.as_ref() {
            return Err(malformed("unknown, repeated or misordered fields"));
        }
        if wire.version != VERSION {
            return Err(malformed("another version"));
        }
        if let Some(query) = wire.query.clone() {
            let node = NodeId::from_slice(&wire.node).map_err(|_| malformed("there is no node"))?;
            let query = Query::from_wire(query).map_err(|error| ObjectError::content(TAG)(&error))?;
            let draft = Self::Request { node, query };
            // Nothing of an operation beside it.
            return if draft.encode() == bytes { Ok(draft) } else { Err(malformed("a request with other fields")) };
        }
        let draft = Self::decode_operation(wire)?;
        if draft.encode() == bytes { Ok(draft) } else { Err(malformed("an operation with other fields")) }
    }

    fn decode_operation(wire: Wire) -> Result<Self, ObjectError> {
        let malformed = |what| ObjectError::malformed(TAG, what);
        let refused = |error: &dyn Classified| ObjectError::content(TAG)(error);
        let kind = Kind::from_wire(wire.kind).ok_or_else(|| malformed("its kind is unknown"))?;
        let id = |bytes: &Bytes| (!bytes.is_empty()).then(|| bytes.clone());
        let channel = id(&wire.channel).map(|bytes| ChannelId::from_slice(&bytes)).transpose();
        let key_id = id(&wire.key_id).map(|bytes| KeyId::from_slice(&bytes)).transpose();
        let issuer = id(&wire.issuer).map(|bytes| UserId::from_slice(&bytes)).transpose();
        let short = |_| malformed("an id has not 32 bytes");
        let (channel, key_id) = (channel.map_err(short)?, key_id.map_err(short)?);
        let issuer = issuer.map_err(short)?;
        if kind.is_channel() != channel.is_some() || (kind == Kind::ChannelMessage) != key_id.is_some() {
            return Err(malformed("its kind and its channel or epoch do not go together"));
        }
        let draft = operation::Draft { kind, channel, key_id };
        let payload = if kind == Kind::ChannelMessage {
            if wire.wrap.is_empty() || wire.content.is_empty() || issuer.is_none() {
                return Err(malformed("a message without issuer, key or content"));
            }
            DraftPayload::Message { wrap: wire.wrap, content: wire.content }
        } else {
            if kind == Kind::ChannelOpen && issuer.is_none() {
                return Err(malformed("an open without issuer"));
            }
            let author = issuer.unwrap_or_else(|| UserId::from_bytes([0; UserId::LEN]));
            let payload = Payload::decode(kind, channel, &author, &wire.payload).map_err(|error| refused(&error))?;
            payload.check().map_or(Ok(()), |check| check.verify()).map_err(|error| refused(&error))?;
            DraftPayload::Encoded(wire.payload)
        };
        Ok(Self::Operation { draft, issuer, payload })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        match self {
            Self::Request { node, query } => {
                fields.text("node", node);
                query_fields(&mut fields, query);
            }
            Self::Operation { draft, issuer, payload } => {
                fields.text("kind", draft.kind.name());
                fields.text_if("channel", draft.channel);
                fields.text_if("key_id", draft.key_id);
                fields.text_if("issuer", *issuer);
                let author = issuer.unwrap_or_else(|| UserId::from_bytes([0; UserId::LEN]));
                match payload {
                    DraftPayload::Encoded(bytes) => {
                        if let Ok(payload) = Payload::decode(draft.kind, draft.channel, &author, bytes) {
                            payload_fields(&mut fields, &payload);
                        }
                    }
                    DraftPayload::Message { content, .. } => fields.number("sealed_bytes", content.len()),
                }
            }
        }
        fields
    }
}
