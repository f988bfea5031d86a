//! The one read path, whatever the front end: open, verify, answer once, authorise against the present state.
//!
//! What lives here: admission of requests, their authorisation, pages, subscriptions. What may not: sockets and frames.
//! Reads are bounded pages from a snapshot of the store and run where they are called.

mod admission;
mod answers;
mod convert;
mod error;
mod keys;
mod nonces;
mod subscription;
mod tail;

pub use error::ReadError;
pub use subscription::Subscription;

use std::sync::Arc;

use bytes::Bytes;
use dmpc::{
    UserId,
    keys::EncryptionKey,
    node_proof::prove_node,
    request::{Query, RequestError},
    v1,
};
use dmpc_storage::{RULESET, Reader};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::{
    config::Limits, data_directory::NodeKeys, feed::Feed, horizon::Horizon, lifecycle::Lifecycle, listener::Origin,
    metrics, rates::Rates,
};
use nonces::Nonces;
use tail::Tails;

/// What reads work with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Reads the store.
    pub reader: Reader,
    /// Wakes subscriptions.
    pub feed: Feed,
    /// Who the node is.
    pub keys: NodeKeys,
    /// Says what time it is, and since when requests can be told from those that were answered.
    pub horizon: Arc<Horizon>,
    /// Says when to end.
    pub lifecycle: Lifecycle,
    /// How much is taken.
    pub limits: Arc<Limits>,
}

/// The read path; cheap to clone.
#[derive(Clone, Debug)]
pub struct Reads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Parts,
    nonces: Mutex<Nonces>,
    identities: Rates<UserId>,
    subscriptions: Arc<Semaphore>,
    tails: Tails,
}

/// An answer, as the front ends encode it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To a query for users.
    Users(v1::ReadUsersResponse),
    /// To a query for one channel.
    Channel(v1::ReadChannelResponse),
    /// To a query for channels.
    Channels(v1::ListChannelsResponse),
    /// To a query for messages.
    Messages(v1::ReadMessagesResponse),
    /// To a query for the keys of a user.
    Keys(v1::ReadKeysResponse),
}

impl Reads {
    /// A read path that starts now.
    pub fn new(parts: Parts) -> Self {
        let identities = Rates::per_second(parts.limits.identity_requests_per_second);
        let subscriptions = Arc::new(Semaphore::new(parts.limits.subscriptions));
        let nonces = Mutex::new(Nonces::new(&parts.limits));
        let tails = Tails::default();
        Self(Arc::new(Inner { parts, nonces, identities, subscriptions, tails }))
    }

    /// Answers a request for one page.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn answer(&self, transaction: &Bytes, origin: Origin) -> Result<Answer, ReadError> {
        let admitted = self.0.admit(transaction, origin).await?;
        let latest = self.0.parts.feed.latest();
        count(&admitted.query);
        let answer = match &admitted.query {
            Query::Users { users, cursor, limit } => {
                Answer::Users(answers::users(&self.0.parts.reader, &admitted.asker, users, cursor, *limit, latest)?)
            }
            Query::Channel { channel, cursor, limit } => {
                let page = answers::ChannelPart { channel, cursor, limit: *limit };
                Answer::Channel(answers::channel(&self.0.parts.reader, &admitted.asker, &page, latest)?)
            }
            Query::Channels { cursor, limit } => {
                Answer::Channels(answers::channels(&self.0.parts.reader, &admitted.asker, cursor, *limit, latest)?)
            }
            Query::Messages { channel, cursor, limit, backward } => {
                let page = answers::MessagePage { channel, cursor, limit: *limit, backward: *backward };
                Answer::Messages(answers::messages(&self.0.parts.reader, &admitted.asker, &page, latest)?)
            }
            Query::Keys { user, key, cursor, limit } => {
                let wanted = keys::Wanted { user, key: key.as_ref(), cursor, limit: *limit };
                Answer::Keys(keys::answer(&self.0.parts.reader, &admitted.asker, &wanted, latest)?)
            }
            Query::KeyChain { user, channel, cursor, limit } => {
                let page = keys::Chain { user, channel: channel.as_ref(), cursor, limit: *limit };
                Answer::Keys(keys::chain(&self.0.parts.reader, &admitted.asker, &page, latest)?)
            }
            Query::LaneEnd { user, key, lane } => {
                Answer::Keys(keys::lane_end(&self.0.parts.reader, &admitted.asker, user, key, lane, latest)?)
            }
            Query::Subscribe { .. } => return Err(RequestError::OtherQuery.into()),
        };
        match admitted.reply_to {
            Some(reply_to) => answer.seal(&reply_to),
            None => Ok(answer),
        }
    }

    /// Begins a subscription.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn subscribe(&self, transaction: &Bytes, origin: Origin) -> Result<Subscription, ReadError> {
        let admitted = self.0.admit(transaction, origin).await?;
        count(&admitted.query);
        let Query::Subscribe { channel, cursor, from_now } = admitted.query else {
            return Err(RequestError::OtherQuery.into());
        };
        let place = Arc::clone(&self.0.subscriptions).try_acquire_owned().map_err(|_| ReadError::Subscriptions)?;
        let cursor = if cursor.is_empty() && from_now { self.0.parts.reader.present()? } else { cursor };
        Subscription::begin(&self.0, admitted.asker, admitted.reply_to, channel, cursor, place)
    }

    /// The node at a glance; anyone may ask. With a challenge it proves that it is the node.
    ///
    /// # Errors
    /// [`ReadError::Challenge`], [`ReadError::Store`].
    pub fn info(&self, request: &v1::NodeInfoRequest, origin: Origin) -> Result<v1::NodeInfoResponse, ReadError> {
        let keys = &self.0.parts.keys;
        let signature = match request.challenge.as_ref() {
            [] => Bytes::new(),
            challenge => {
                let challenge = challenge.try_into().map_err(|_| ReadError::Challenge(challenge.len()))?;
                let signature = prove_node(&keys.signing, &keys.node, &keys.recipient, challenge);
                Bytes::copy_from_slice(&signature.0)
            }
        };
        let info = self.0.parts.reader.info()?;
        Ok(v1::NodeInfoResponse {
            node: Bytes::copy_from_slice(info.node.as_bytes()),
            recipient: Bytes::copy_from_slice(keys.recipient.as_bytes()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            latest: info.latest.min(self.0.parts.feed.latest()).bits(),
            state_digest: Bytes::copy_from_slice(&info.state_digest),
            log_digest: Bytes::copy_from_slice(&info.log_digest),
            operations: info.operations,
            users: info.users,
            channels: info.channels,
            ruleset: RULESET,
            roots: info.roots.iter().map(|root| Bytes::copy_from_slice(root.user.as_bytes())).collect(),
            accepts_open: origin.accepts_open,
            signing_key: Bytes::copy_from_slice(keys.signing.verifying_key().as_bytes()),
            signature,
        })
    }
}

impl Answer {
    /// The same message with nothing but age bytes in it.
    fn seal(self, reply_to: &EncryptionKey) -> Result<Self, ReadError> {
        Ok(match self {
            Self::Users(plain) => {
                Self::Users(v1::ReadUsersResponse { sealed: convert::seal(&plain, reply_to)?, ..Default::default() })
            }
            Self::Channel(plain) => Self::Channel(v1::ReadChannelResponse {
                sealed: convert::seal(&plain, reply_to)?,
                ..Default::default()
            }),
            Self::Channels(plain) => Self::Channels(v1::ListChannelsResponse {
                sealed: convert::seal(&plain, reply_to)?,
                ..Default::default()
            }),
            Self::Keys(plain) => {
                Self::Keys(v1::ReadKeysResponse { sealed: convert::seal(&plain, reply_to)?, ..Default::default() })
            }
            Self::Messages(plain) => Self::Messages(v1::ReadMessagesResponse {
                sealed: convert::seal(&plain, reply_to)?,
                ..Default::default()
            }),
        })
    }
}

/// Counts a request that is answered.
fn count(query: &Query) {
    let word = match query {
        Query::Users { .. } => "users",
        Query::Channel { .. } => "channel",
        Query::Channels { .. } => "channels",
        Query::Messages { .. } => "messages",
        Query::Keys { .. } | Query::KeyChain { .. } | Query::LaneEnd { .. } => "keys",
        Query::Subscribe { .. } => "subscribe",
    };
    ::metrics::counter!(metrics::REQUESTS, "query" => word).increment(1);
}
