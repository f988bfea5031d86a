//! People who sign operations before they are sent, and the channels that they write to.

mod pen;
mod set;

pub(crate) use pen::Pen;
pub(crate) use set::{Kind, Set, now_ms};

use std::{num::NonZero, thread};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, KeyId, LaneId, Permissions, Rights,
    kinds::{self, ChannelMessage, ChannelOpen, Member, UserCreate, channel_id},
    operation::{Draft, Link, OperationError, sign},
    seal::{EpochKey, SealError, seal_content},
};
use rand_core::{OsRng, RngCore};

/// Users who write.
pub(crate) const AUTHORS: usize = 64;
/// Bytes of the text of a message.
const TEXT: [u8; 100] = [b'x'; 100];

/// Everybody, and the node's own keys: the same on every node of a run.
pub(crate) struct People {
    pub(crate) root: Identity,
    /// Its keys become those of every node, so that what is sealed to one is sealed to all.
    pub(crate) node: Identity,
    pub(crate) authors: Vec<Identity>,
}

/// A channel that all authors may write to and read.
pub(crate) struct Room {
    pub(crate) id: ChannelId,
    key: EpochKey,
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// A lane that nobody has used.
pub(crate) fn new_lane() -> Link {
    Link::first(LaneId::from_bytes(random()))
}

/// Processors.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

impl People {
    /// New ones.
    pub(crate) fn new() -> Result<Self> {
        let someone = || Identity::generate(&mut OsRng).map_err(anyhow::Error::from);
        let authors = (0..AUTHORS).map(|_| someone()).collect::<Result<_>>()?;
        Ok(Self { root: someone()?, node: someone()?, authors })
    }

    /// The root creates the authors and opens channels for them, all at one time.
    pub(crate) fn introduce(&self, channels: usize, at: Hlc) -> Result<(Vec<Room>, Vec<Bytes>)> {
        let mut operations = Vec::with_capacity(AUTHORS + channels);
        let mut link = new_lane();
        for author in &self.authors {
            let payload = UserCreate::encode(&author.public()?, Permissions::NONE, "author");
            let draft = Draft::user(kinds::Kind::UserCreate);
            let signed = sign(&self.root, draft, at, link, |_| Ok::<_, OperationError>(payload))?;
            link = link.next(signed.id()).ok_or_else(|| anyhow!("the lane is full"))?;
            operations.push(signed.bytes().clone());
        }
        let both = Rights::READ.union(Rights::WRITE);
        let mut members: Vec<Member> =
            self.authors.iter().map(|author| Member { user: author.user, rights: both }).collect();
        members.sort_by_key(|member| member.user);
        let at = at.next().ok_or_else(|| anyhow!("there is no later time"))?;
        let mut rooms = Vec::with_capacity(channels);
        for _ in 0..channels {
            let (room, opened) = self.open(&members, at)?;
            rooms.push(room);
            operations.push(opened);
        }
        Ok((rooms, operations))
    }

    fn open(&self, members: &[Member], at: Hlc) -> Result<(Room, Bytes)> {
        let key = EpochKey::generate(&mut OsRng);
        let genesis = ChannelOpen::encode_genesis(random(), "room", members, &key.key_id());
        let id = channel_id(&self.root.user, &genesis);
        let wrap = key.wrap(&id, self.root.user, self.root.encryption.encryption_key()?)?;
        let payload = ChannelOpen::encode(genesis, &[wrap]);
        let draft = Draft::channel(kinds::Kind::ChannelOpen, id);
        let signed = sign(&self.root, draft, at, new_lane(), |_| Ok::<_, OperationError>(payload))?;
        Ok((Room { id, key }, signed.bytes().clone()))
    }
}

/// What can fail when a message is made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the lane is full")]
    Lane,
}

impl Room {
    /// Its first epoch.
    pub(crate) fn key_id(&self) -> KeyId {
        self.key.key_id()
    }

    /// A message of [`TEXT`], and the next place in the author's lane.
    pub(crate) fn message(&self, author: &Identity, at: Hlc, link: Link) -> Result<(Bytes, Link), MessageError> {
        let draft = Draft::message(self.id, self.key_id());
        let nonce = random();
        let signed = sign(author, draft, at, link, |header| {
            let ciphertext = seal_content(&self.key, &self.id, header, &nonce, &TEXT)?;
            Ok::<_, MessageError>(ChannelMessage::encode(nonce, ciphertext))
        })?;
        let next = link.next(signed.id()).ok_or(MessageError::Lane)?;
        Ok((signed.bytes().clone(), next))
    }
}
