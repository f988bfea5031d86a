//! Requests that read: signed in a domain of their own, without a link; answered, not logged.
//! Source: docs/PROTOCOL.md, "Requests".

use bytes::Bytes;
use prost::Message;

use crate::{
    PROTOCOL_VERSION,
    error::{Classified, ErrorClass},
    hash::Domain,
    identity::Identity,
    ids::{ChannelId, IdError, LaneId, NodeId, UserId},
    keys::{Check, EncryptionKey, KeyError, Signature, VerifyingKey},
    v1,
    wire::{self, WireError, WireFault, schemas},
};

/// Milliseconds for which a request may be answered after it was issued.
pub const REQUEST_LIFETIME_MS: u64 = 60_000;
/// Milliseconds that a request may be stamped ahead of the node's clock. The node answers it when its clock is there.
pub const REQUEST_AHEAD_MS_MAX: u64 = 2_000;

/// Why bytes are not a request, or one that is no longer answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The encoding is not strict.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A field is missing or short.
    #[error("a field is missing or short: {0}")]
    Id(#[from] IdError),
    /// A key or signature is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another protocol version.
    #[error("version {0} is unknown, this is version {PROTOCOL_VERSION}")]
    UnknownVersion(u32),
    /// Not exactly one query.
    #[error("a request has exactly one query")]
    NotOneQuery,
    /// For another node.
    #[error("the request is for node {0}")]
    OtherNode(NodeId),
    /// Issued more than a minute ago.
    #[error("the request was stamped {0} ms ago by this node's clock; it is answered for {REQUEST_LIFETIME_MS} ms")]
    Expired(u64),
    /// Issued ahead of the node's clock.
    #[error(
        "the request is stamped {0} ms ahead of this node's clock, {REQUEST_AHEAD_MS_MAX} are allowed; set the clocks"
    )]
    Ahead(u64),
    /// Stamped before the node started, or just then, so the node cannot tell whether it was answered.
    #[error("the request is not stamped after this node started; make it anew")]
    BeforeStart,
    /// Answered before.
    #[error("the request was answered before; make it anew")]
    Replayed,
    /// A query of another kind than the call takes.
    #[error("the request holds another query than this call takes")]
    OtherQuery,
}

impl Classified for RequestError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Wire(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::Id(_) | Self::UnknownVersion(_) | Self::NotOneQuery | Self::OtherQuery => ErrorClass::Malformed,
            Self::OtherNode(_) | Self::Expired(_) | Self::Ahead(_) | Self::BeforeStart | Self::Replayed => {
                ErrorClass::StaleRequest
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Id(_) => "missing_field",
            Self::UnknownVersion(_) => "unknown_version",
            Self::NotOneQuery => "not_one_query",
            Self::OtherNode(_) => "other_node",
            Self::Expired(_) => "request_expired",
            Self::Ahead(_) => "request_ahead",
            Self::BeforeStart => "request_before_start",
            Self::Replayed => "request_replayed",
            Self::OtherQuery => "other_query",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Users by id, or all.
    Users {
        /// Ids; none means all.
        users: Vec<UserId>,
        /// Where an earlier page ended; empty at the beginning.
        cursor: Bytes,
        /// At most so many; 0 for the node's page size.
        limit: u32,
    },
    /// One channel.
    Channel {
        /// The channel.
        channel: ChannelId,
        /// Where an earlier page ended; empty at the beginning.
        cursor: Bytes,
        /// At most so many epochs, wraps and members together; 0 for the node's page size.
        limit: u32,
    },
    /// The channels that the asker may see.
    Channels {
        /// Where an earlier page ended; empty at the beginning.
        cursor: Bytes,
        /// At most so many; 0 for the node's page size.
        limit: u32,
    },
    /// Messages of a channel.
    Messages {
        /// The channel.
        channel: ChannelId,
        /// Where an earlier page ended; empty at the beginning.
        cursor: Bytes,
        /// At most so many; 0 for the node's page size.
        limit: u32,
        /// From the latest to the first.
        backward: bool,
    },
    /// The keys of a user, or the lanes of one of them.
    Keys {
        /// The user.
        user: UserId,
        /// The signing key whose lanes are wanted; `None` for the keys.
        key: Option<VerifyingKey>,
        /// Where an earlier page ended; empty at the beginning.
        cursor: Bytes,
        /// At most so many; 0 for the node's page size.
        limit: u32,
    },
    /// The end of one lane of a user's key.
    LaneEnd {
        /// The user.
        user: UserId,
        /// The signing key.
        key: VerifyingKey,
        /// The lane.
        lane: LaneId,
    },
    /// Events of a channel.
    Subscribe {
        /// The channel.
        channel: ChannelId,
        /// After which event; empty at the beginning.
        cursor: Bytes,
        /// Start at the present.
        from_now: bool,
    },
}

impl Query {
    /// For a channel from its first epoch on, as much as the node's page holds.
    pub const fn channel(channel: ChannelId) -> Self {
        Self::Channel { channel, cursor: Bytes::new(), limit: 0 }
    }

    /// Checks a decoded query.
    ///
    /// # Errors
    /// [`RequestError::NotOneQuery`], [`RequestError::Id`].
    pub fn from_wire(wire: v1::Query) -> Result<Self, RequestError> {
        let v1::Query { users, channel, channels, messages, subscribe, keys } = wire;
        Ok(match (users, channel, channels, messages, subscribe, keys) {
            (Some(query), None, None, None, None, None) => Self::Users {
                users: query.users.iter().map(|id| UserId::from_slice(id)).collect::<Result<_, _>>()?,
                cursor: query.cursor,
                limit: query.limit,
            },
            (None, Some(query), None, None, None, None) => Self::Channel {
                channel: ChannelId::from_slice(&query.channel)?,
                cursor: query.cursor,
                limit: query.limit,
            },
            (None, None, Some(query), None, None, None) => Self::Channels { cursor: query.cursor, limit: query.limit },
            (None, None, None, Some(query), None, None) => Self::Messages {
                channel: ChannelId::from_slice(&query.channel)?,
                cursor: query.cursor,
                limit: query.limit,
                backward: query.backward,
            },
            (None, None, None, None, Some(query), None) => Self::Subscribe {
                channel: ChannelId::from_slice(&query.channel)?,
                cursor: query.cursor,
                from_now: query.from_now,
            },
            (None, None, None, None, None, Some(query)) => keys_from_wire(query)?,
            _ => return Err(RequestError::NotOneQuery),
        })
    }

    /// As it is encoded.
    pub fn to_wire(&self) -> v1::Query {
        let id = |channel: &ChannelId| Bytes::copy_from_slice(channel.as_bytes());
        let mut wire = v1::Query::default();
        match self.clone() {
            Self::Users { users, cursor, limit } => {
                let users = users.iter().map(|user| Bytes::copy_from_slice(user.as_bytes())).collect();
                wire.users = Some(v1::ReadUsers { users, cursor, limit });
            }
            Self::Channel { channel, cursor, limit } => {
                wire.channel = Some(v1::ReadChannel { channel: id(&channel), cursor, limit });
            }
            Self::Channels { cursor, limit } => wire.channels = Some(v1::ListChannels { cursor, limit }),
            Self::Messages { channel, cursor, limit, backward } => {
                wire.messages = Some(v1::ReadMessages { channel: id(&channel), cursor, limit, backward });
            }
            Self::Keys { user, key, cursor, limit } => {
                let user = Bytes::copy_from_slice(user.as_bytes());
                let key = key.map(|key| Bytes::copy_from_slice(key.as_bytes())).unwrap_or_default();
                wire.keys = Some(v1::ReadKeys { user, key, cursor, limit, ..Default::default() });
            }
            Self::LaneEnd { user, key, lane } => {
                wire.keys = Some(v1::ReadKeys {
                    user: Bytes::copy_from_slice(user.as_bytes()),
                    key: Bytes::copy_from_slice(key.as_bytes()),
                    lane: Bytes::copy_from_slice(lane.as_bytes()),
                    ..Default::default()
                });
            }
            Self::Subscribe { channel, cursor, from_now } => {
                wire.subscribe = Some(v1::Subscribe { channel: id(&channel), cursor, from_now });
            }
        }
        wire
    }
}

/// A query about the keys of a user: for them, for the lanes of one, or for the end of one lane.
fn keys_from_wire(wire: v1::ReadKeys) -> Result<Query, RequestError> {
    let missing = || WireError::field("ReadKeys", 2, WireFault::Missing);
    let user = UserId::from_slice(&wire.user)?;
    let key = match wire.key.as_ref() {
        [] => None,
        bytes => Some(VerifyingKey::from_bytes(bytes.try_into().map_err(|_| missing())?)?),
    };
    if wire.lane.is_empty() {
        return Ok(Query::Keys { user, key, cursor: wire.cursor, limit: wire.limit });
    }
    Ok(Query::LaneEnd { user, key: key.ok_or_else(missing)?, lane: LaneId::from_slice(&wire.lane)? })
}

/// A request whose signature verifies. Whether it is fresh, and what its asker may see, is the node's question.
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    /// The node it is for.
    pub node: NodeId,
    /// Who asks.
    pub user: UserId,
    /// The key that the asker signed with.
    pub key: VerifyingKey,
    /// Makes it unique.
    pub nonce: [u8; 16],
    /// When it was issued, in milliseconds since 1970.
    pub issued_at_ms: u64,
    /// What is asked.
    pub query: Query,
    /// The answer is sealed to it.
    pub reply_to: Option<EncryptionKey>,
}

impl VerifiedRequest {
    /// Decodes a request strictly and verifies its signature.
    ///
    /// # Errors
    /// [`RequestError`], one variant per broken rule.
    pub fn decode(bytes: &Bytes) -> Result<Self, RequestError> {
        let missing = |field| WireError::field("Request", field, WireFault::Missing);
        let signed: v1::SignedRequest = wire::decode(&schemas::SIGNED_REQUEST, bytes)?;
        let wire: v1::Request = wire::decode(&schemas::REQUEST, &signed.request)?;
        if wire.version != PROTOCOL_VERSION {
            return Err(RequestError::UnknownVersion(wire.version));
        }
        let key = VerifyingKey::from_bytes(wire.key.as_ref().try_into().map_err(|_| missing(4))?)?;
        let signature = signed.signature.as_ref().try_into().map_err(|_| missing(2))?;
        Check::new(&key, &Signature(signature), Domain::SignRequest, &[&signed.request]).verify()?;
        let reply_to = match wire.reply_to.as_ref() {
            [] => None,
            bytes => Some(EncryptionKey::from_bytes(bytes.try_into().map_err(|_| missing(8))?)?),
        };
        Ok(Self {
            node: NodeId::from_slice(&wire.node)?,
            user: UserId::from_slice(&wire.user)?,
            key,
            nonce: wire.nonce.as_ref().try_into().map_err(|_| missing(5))?,
            issued_at_ms: wire.issued_at_ms,
            query: Query::from_wire(wire.query.ok_or(RequestError::NotOneQuery)?)?,
            reply_to,
        })
    }

    /// Checks that the request is for this node and neither expired, nor from before the node's start, nor too far ahead;
    /// says for how many milliseconds it has to wait. What is answered was stamped before the answer: so whatever was
    /// answered before a restart was stamped before it, and is refused after it.
    ///
    /// # Errors
    /// [`RequestError::OtherNode`], [`RequestError::Expired`], [`RequestError::Ahead`], [`RequestError::BeforeStart`].
    pub fn require_fresh(&self, node: &NodeId, now_ms: u64, started_ms: u64) -> Result<u64, RequestError> {
        if self.node != *node {
            return Err(RequestError::OtherNode(self.node));
        }
        let age = now_ms.saturating_sub(self.issued_at_ms);
        if age > REQUEST_LIFETIME_MS {
            return Err(RequestError::Expired(age));
        }
        let ahead = self.issued_at_ms.saturating_sub(now_ms);
        if ahead > REQUEST_AHEAD_MS_MAX {
            return Err(RequestError::Ahead(ahead));
        }
        if self.issued_at_ms <= started_ms {
            return Err(RequestError::BeforeStart);
        }
        Ok(ahead)
    }
}

/// Signs a request; the result goes into a transaction.
pub fn sign_request(
    identity: &Identity,
    node: &NodeId,
    nonce: [u8; 16],
    now_ms: u64,
    query: &Query,
    reply_to: Option<&EncryptionKey>,
) -> Bytes {
    let request = v1::Request {
        version: PROTOCOL_VERSION,
        node: Bytes::copy_from_slice(node.as_bytes()),
        user: Bytes::copy_from_slice(identity.user.as_bytes()),
        key: Bytes::copy_from_slice(identity.signing.verifying_key().as_bytes()),
        nonce: Bytes::copy_from_slice(&nonce),
        issued_at_ms: now_ms,
        query: Some(query.to_wire()),
        reply_to: reply_to.map(|key| Bytes::copy_from_slice(key.as_bytes())).unwrap_or_default(),
    }
    .encode_to_vec();
    let signature = identity.signing.sign(Domain::SignRequest, &[&request]);
    v1::SignedRequest { request: request.into(), signature: Bytes::copy_from_slice(&signature.0) }
        .encode_to_vec()
        .into()
}
