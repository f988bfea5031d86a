//! Asking a node as one identity: every request is signed, sealed to the node, and its answer unsealed.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, LaneId, NodeId, UserId,
    key_chain::KEYS_MAX,
    keys::{DecryptionKey, EncryptionKey, VerifyingKey},
    request::{Query, sign_request},
    transaction::{self, Content, PipelineOptions},
    v1,
    wire::schemas::REQUEST_USERS_MAX,
};
use rand_core::RngCore;

use crate::{
    answer::{self, Answer},
    client::{Client, Events},
    clock::{Clock, Random},
    context::Context,
    error::CliError,
    node::meet,
    seen::Seen,
    signer::user_directory,
};

/// Epochs, wraps and members of one page of a channel: as many as a node gives.
const CHANNEL_PAGE_ITEMS: u32 = 1_024;

/// A connection on which one identity asks.
#[derive(Debug)]
pub struct Session {
    /// The connection.
    pub client: Client,
    /// Who asks.
    pub identity: Identity,
    /// The latest timestamp seen.
    pub seen: Seen,
    /// The node.
    pub node: NodeId,
    /// What transactions are sealed to.
    pub recipient: EncryptionKey,
    /// Opens answers. Made for this session alone, so that a lost identity does not open answers of the past.
    reply: DecryptionKey,
    reply_to: EncryptionKey,
    clock: Clock,
    random: Random,
}

impl Session {
    /// Connects as the identity of the command line.
    ///
    /// # Errors
    /// [`CliError`]
    pub async fn open(context: &Context) -> Result<Self, CliError> {
        Self::open_as(context, context.identity()?).await
    }

    /// Connects as somebody.
    ///
    /// # Errors
    /// [`CliError`]
    pub async fn open_as(context: &Context, identity: Identity) -> Result<Self, CliError> {
        let mut client = context.client(context.via).await?;
        let (proven, info) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
        let mut seen = Seen::open(&user_directory(context, &identity)?)?;
        seen.raise(Hlc::from_bits(info.latest), context.clock.now_ms())?;
        let reply = DecryptionKey::generate(&mut context.rng())?;
        Ok(Self {
            client,
            identity,
            seen,
            node: proven.node,
            recipient: proven.recipient,
            reply_to: reply.encryption_key()?,
            reply,
            clock: context.clock,
            random: context.rng(),
        })
    }

    /// Users by id; those that the node does not know are left out.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn users(&mut self, ids: &[UserId]) -> Result<Vec<v1::User>, CliError> {
        let mut found = Vec::new();
        for users in ids.chunks(REQUEST_USERS_MAX) {
            found.extend(self.user_pages(users).await?);
        }
        Ok(found)
    }

    /// All users.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn all_users(&mut self) -> Result<Vec<v1::User>, CliError> {
        self.user_pages(&[]).await
    }

    async fn user_pages(&mut self, users: &[UserId]) -> Result<Vec<v1::User>, CliError> {
        let mut found = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let request = self.request(&Query::Users { users: users.to_vec(), cursor, limit: 0 })?;
            let sealed = self.client.users(request).await?;
            let page = self.unseal(sealed)?;
            found.extend(page.users);
            if page.cursor.is_empty() {
                return Ok(found);
            }
            cursor = page.cursor;
        }
    }

    /// One channel: its epochs with one's own wraps, and all its members.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn channel(&mut self, channel: ChannelId) -> Result<v1::ReadChannelResponse, CliError> {
        self.channel_pages(channel, |_| false).await
    }

    /// One channel: its epochs with one's own wraps; of its members at most some.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn epochs(&mut self, channel: ChannelId) -> Result<v1::ReadChannelResponse, CliError> {
        // Members come after the last epoch.
        self.channel_pages(channel, |page| !page.members.is_empty()).await
    }

    /// The pages of a channel in one, up to the one that is `enough`.
    async fn channel_pages(
        &mut self,
        channel: ChannelId,
        enough: impl Fn(&v1::ReadChannelResponse) -> bool,
    ) -> Result<v1::ReadChannelResponse, CliError> {
        let mut whole = v1::ReadChannelResponse::default();
        loop {
            let cursor = whole.cursor.clone();
            let request = self.request(&Query::Channel { channel, cursor, limit: CHANNEL_PAGE_ITEMS })?;
            let sealed = self.client.channel(request).await?;
            let page = self.unseal(sealed)?;
            let is_last = page.cursor.is_empty() || enough(&page);
            append(&mut whole, page);
            if is_last {
                return Ok(whole);
            }
        }
    }

    /// All channels that the identity may see.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn channels(&mut self) -> Result<Vec<v1::Channel>, CliError> {
        let mut found = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let request = self.request(&Query::Channels { cursor, limit: 0 })?;
            let sealed = self.client.channels(request).await?;
            let page = self.unseal(sealed)?;
            found.extend(page.channels);
            if page.cursor.is_empty() {
                return Ok(found);
            }
            cursor = page.cursor;
        }
    }

    /// The keys of a user over time.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn keys(&mut self, user: UserId) -> Result<Vec<v1::UserKey>, CliError> {
        let mut found = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let page = self.keys_page(&Query::Keys { user, key: None, cursor, limit: 0 }).await?;
            found.extend(page.keys);
            if page.cursor.is_empty() {
                return Ok(found);
            }
            cursor = page.cursor;
        }
    }

    /// The keys of a user over time, with the operations that made them so; of somebody in `channel`, where both have a right,
    /// also without the permission to read users. At most one page over [`KEYS_MAX`].
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn key_chain(&mut self, user: UserId, channel: Option<ChannelId>) -> Result<Vec<v1::UserKey>, CliError> {
        let mut found = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let page = self.keys_page(&Query::KeyChain { user, channel, cursor, limit: 0 }).await?;
            found.extend(page.keys);
            if page.cursor.is_empty() || found.len() > KEYS_MAX {
                return Ok(found);
            }
            cursor = page.cursor;
        }
    }

    /// The lanes of a key of a user, and what they are evidence of.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn lanes(&mut self, user: UserId, key: VerifyingKey) -> Result<Vec<v1::Lane>, CliError> {
        let mut found: Vec<v1::Lane> = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let page = self.keys_page(&Query::Keys { user, key: Some(key), cursor, limit: 0 }).await?;
            for lane in page.lanes {
                match found.last_mut() {
                    Some(last) if last.lane == lane.lane => {
                        last.head = lane.head;
                        last.operations = last.operations.saturating_add(lane.operations);
                        last.evidence.extend(lane.evidence);
                    }
                    Some(_) | None => found.push(lane),
                }
            }
            if page.cursor.is_empty() {
                return Ok(found);
            }
            cursor = page.cursor;
        }
    }

    /// The end of a lane of a key of a user; `None` where the node has nothing of it.
    ///
    /// # Errors
    /// [`CliError::Answer`] for another lane; [`CliError::Node`] and those of the connection.
    pub async fn lane_end(
        &mut self,
        user: UserId,
        key: VerifyingKey,
        lane: LaneId,
    ) -> Result<Option<v1::Lane>, CliError> {
        let found = self.keys_page(&Query::LaneEnd { user, key, lane }).await?.lanes.into_iter().next();
        match found {
            Some(found) if found.lane.as_ref() != lane.as_bytes() || found.last.is_empty() => {
                Err(CliError::Answer("another lane than the one that was asked for".to_owned()))
            }
            found => Ok(found),
        }
    }

    async fn keys_page(&mut self, query: &Query) -> Result<v1::ReadKeysResponse, CliError> {
        let request = self.request(query)?;
        let sealed = self.client.keys(request).await?;
        self.unseal(sealed)
    }

    /// A page of messages.
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn messages(
        &mut self,
        channel: ChannelId,
        cursor: Bytes,
        limit: u32,
        backward: bool,
    ) -> Result<v1::ReadMessagesResponse, CliError> {
        let request = self.request(&Query::Messages { channel, cursor, limit, backward })?;
        let sealed = self.client.messages(request).await?;
        self.unseal(sealed)
    }

    /// Events of a channel; each batch is to be opened with [`Session::unseal`].
    ///
    /// # Errors
    /// [`CliError::Node`] and those of the connection.
    pub async fn subscribe(&mut self, channel: ChannelId, cursor: Bytes, from_now: bool) -> Result<Events, CliError> {
        let request = self.request(&Query::Subscribe { channel, cursor, from_now })?;
        self.client.subscribe(request).await
    }

    /// Opens an answer that is sealed to this session.
    ///
    /// # Errors
    /// [`CliError::Answer`] when it is not, or is not well formed; [`CliError::Outbox`] when its time is far ahead.
    pub fn unseal<A: Answer>(&mut self, answer: A) -> Result<A, CliError> {
        let answer = answer::unseal(answer, &self.reply)?;
        if let Some(latest) = answer.latest() {
            self.note_latest(latest)?;
        }
        Ok(answer)
    }

    /// What answers are sealed to.
    pub const fn reply_to(&self) -> EncryptionKey {
        self.reply_to
    }

    /// Opens the last update about a transaction whose outcomes were to be sealed to this session: see [`answer::unseal_ack`].
    ///
    /// # Errors
    /// [`CliError::Answer`]
    pub fn unseal_ack(&self, ack: v1::Ack) -> Result<v1::Ack, CliError> {
        answer::unseal_ack(ack, &self.reply)
    }

    /// The node said its latest timestamp.
    ///
    /// # Errors
    /// [`CliError::Outbox`] when it is far ahead of this machine's clock.
    pub fn note_latest(&mut self, latest: Hlc) -> Result<(), CliError> {
        Ok(self.seen.raise(latest, self.clock.now_ms())?)
    }

    fn request(&mut self, query: &Query) -> Result<Bytes, CliError> {
        let mut nonce = [0; 16];
        self.random.fill_bytes(&mut nonce);
        let now_ms = self.clock.now_ms();
        let request = sign_request(&self.identity, &self.node, nonce, now_ms, query, Some(&self.reply_to));
        Ok(transaction::encode(&Content::Request(request), PipelineOptions::default(), &[self.recipient])?)
    }
}

/// Puts a page after those before it. An epoch whose wraps did not fit a page goes on on the next one.
fn append(whole: &mut v1::ReadChannelResponse, page: v1::ReadChannelResponse) {
    let v1::ReadChannelResponse { channel, members, epochs, latest, cursor, epoch_due, sealed: _ } = page;
    for epoch in epochs {
        match whole.epochs.last_mut() {
            Some(last) if last.key_id == epoch.key_id => last.wraps.extend(epoch.wraps),
            Some(_) | None => whole.epochs.push(epoch),
        }
    }
    whole.members.extend(members);
    whole.epoch_due |= epoch_due;
    (whole.channel, whole.latest, whole.cursor) = (channel, latest, cursor);
}
