//! What the cast can do: one method for each kind of operation. Tests say who does what, where and when; each is made by
//! the protocol crate's own functions, and verified.
//! What may not live here: stores, servers, and anything that a specification asserts.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, KeyId, Permissions, Rights, UserId, VerifiedOperation,
    identity::countersign,
    keys::{DecryptionKey, SigningKey},
    kinds::{
        ChannelEpoch, ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, FieldWrite, Kind, Member, UserCreate,
        UserUpdate, Wrap, channel_id,
    },
    operation::Draft,
    seal::{EpochKey, seal_content},
};

use super::cast::By;
pub(crate) use super::{
    cast::Cast,
    seeded::{Seeded, at},
};

/// A channel under one of its epochs.
#[derive(Clone)]
pub(crate) struct Room {
    pub(crate) id: ChannelId,
    pub(crate) key: EpochKey,
}

impl Cast {
    pub(crate) fn create<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        subject: &str,
        permissions: Permissions,
        display_name: &str,
        at: Hlc,
    ) -> VerifiedOperation {
        let payload = UserCreate::encode(&self.public(subject), permissions, display_name);
        self.act(by, Draft::user(Kind::UserCreate), at, |_| payload)
    }

    pub(crate) fn update<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        subject: &str,
        writes: &[FieldWrite],
        at: Hlc,
    ) -> VerifiedOperation {
        let payload = UserUpdate::encode(&self.user(subject), writes);
        self.act(by, Draft::user(Kind::UserUpdate), at, |_| payload)
    }

    /// Gives `subject` new keys. From then on `subject` uses them; the old ones stay in the cast under the name `former`.
    pub(crate) fn rotate<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        subject: &str,
        former: &str,
        at: Hlc,
    ) -> VerifiedOperation {
        let signing = SigningKey::generate(self.rng());
        let encryption = DecryptionKey::generate(self.rng()).unwrap();
        let user = self.user(subject);
        let writes = [
            FieldWrite::EncryptionKey(encryption.encryption_key().unwrap()),
            FieldWrite::SigningKey(signing.verifying_key(), countersign(&signing, &user)),
        ];
        let operation = self.update(by, subject, &writes, at);
        let keys = self.identity(subject).with_keys(Some(signing), Some(encryption));
        self.replace_keys(subject, keys, former);
        operation
    }

    /// Opens a channel. The opener and the members get wraps of its first epoch.
    pub(crate) fn open<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        name: &str,
        members: &[(&str, Rights)],
        at: Hlc,
    ) -> (VerifiedOperation, Room) {
        let by = by.into();
        let key = EpochKey::generate(self.rng());
        let nonce = self.rng().array();
        let genesis = ChannelOpen::encode_genesis(nonce, name, &self.members_of(members), &key.key_id());
        let room = Room { id: channel_id(&self.user(by.issuer()), &genesis), key };
        let wrapped: Vec<&str> = members.iter().map(|(name, _)| *name).chain([by.issuer()]).collect();
        let payload = ChannelOpen::encode(genesis, &self.wraps(&room, &wrapped));
        (self.act(by, Draft::channel(Kind::ChannelOpen, room.id), at, |_| payload), room)
    }

    /// Sets members, who get wraps of the room's epoch, and removes others.
    pub(crate) fn members<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        room: &Room,
        set: &[(&str, Rights)],
        remove: &[&str],
        at: Hlc,
    ) -> VerifiedOperation {
        let mut removed: Vec<UserId> = remove.iter().map(|name| self.user(name)).collect();
        removed.sort_unstable();
        let names: Vec<&str> = set.iter().map(|(name, _)| *name).collect();
        let wraps = self.wraps(room, &names);
        let epochs = [EpochWraps { key_id: room.key.key_id(), wraps }];
        let epochs = if names.is_empty() { &[] } else { epochs.as_slice() };
        let payload = ChannelMembers::encode(&self.members_of(set), &removed, epochs);
        self.act(by, Draft::channel(Kind::ChannelMembers, room.id), at, |_| payload)
    }

    /// Sets so many users as members of whom nothing else is known, without wraps.
    pub(crate) fn anonymous_members(&mut self, by: &str, room: &Room, count: usize, at: Hlc) -> VerifiedOperation {
        let user = |_| Member { user: UserId::from_bytes(self.rng().array()), rights: Rights::READ };
        let mut members: Vec<Member> = (0..count).map(user).collect();
        members.sort_by_key(|member| member.user);
        let payload = ChannelMembers::encode(&members, &[], &[]);
        self.act(by, Draft::channel(Kind::ChannelMembers, room.id), at, |_| payload)
    }

    /// Opens a further epoch for `members`.
    pub(crate) fn epoch<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        room: &Room,
        members: &[&str],
        at: Hlc,
    ) -> (VerifiedOperation, Room) {
        let next = Room { id: room.id, key: EpochKey::generate(self.rng()) };
        (self.rewrap(by, &next, members, at), next)
    }

    /// Hands the room's epoch to `members` by a further `channel.epoch`.
    pub(crate) fn rewrap<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        room: &Room,
        members: &[&str],
        at: Hlc,
    ) -> VerifiedOperation {
        let epoch = EpochWraps { key_id: room.key.key_id(), wraps: self.wraps(room, members) };
        self.act(by, Draft::channel(Kind::ChannelEpoch, room.id), at, |_| ChannelEpoch::encode(&epoch))
    }

    /// Seals and signs a message under the room's epoch.
    pub(crate) fn message<'a>(&mut self, by: impl Into<By<'a>>, room: &Room, text: &str, at: Hlc) -> VerifiedOperation {
        let nonce = self.rng().array();
        let seal = |header: &[u8]| {
            let sealed = seal_content(&room.key, &room.id, header, &nonce, text.as_bytes());
            ChannelMessage::encode(nonce, sealed.unwrap())
        };
        self.act(by, Draft::message(room.id, room.key.key_id()), at, seal)
    }

    pub(crate) fn close<'a>(&mut self, by: impl Into<By<'a>>, room: &Room, at: Hlc) -> VerifiedOperation {
        self.act(by, Draft::channel(Kind::ChannelClose, room.id), at, |_| Vec::new())
    }

    fn members_of(&self, members: &[(&str, Rights)]) -> Vec<Member> {
        let member = |(name, rights): &(&str, Rights)| Member { user: self.user(name), rights: *rights };
        let mut members: Vec<Member> = members.iter().map(member).collect();
        members.sort_by_key(|member| member.user);
        members
    }

    fn wraps(&mut self, room: &Room, names: &[&str]) -> Vec<Wrap> {
        let wrap = |name: &&str| self.wrap(room, name);
        let mut wraps: Vec<Wrap> = names.iter().map(wrap).collect();
        wraps.sort_by_key(|wrap| (wrap.user, wrap.encryption_key));
        wraps
    }

    fn wrap(&self, room: &Room, name: &str) -> Wrap {
        let (user, encryption_key) = (self.user(name), self.encryption_key(name));
        if self.seals_wraps {
            return room.key.wrap(&room.id, user, encryption_key).unwrap();
        }
        Wrap { user, encryption_key, sealed: blank_age(&room.key.key_id()) }
    }
}

/// Bytes with the header of an age file for one X25519 recipient, which nobody can open.
fn blank_age(key_id: &KeyId) -> Bytes {
    let mut bytes = b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n".to_vec();
    bytes.extend_from_slice(key_id.as_bytes());
    bytes.into()
}
