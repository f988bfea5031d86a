//! Logs told as stories: who does what and when, and the verdict that is its due.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use dmpc::{
    ChannelId, Hlc, KeyId, LaneId, OpKey, Permissions, Rights, VerifiedOperation,
    identity::countersign,
    kinds::{
        ChannelEpoch, ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, FieldWrite, Kind, Member, UserCreate,
        UserUpdate, channel_id,
    },
    operation::{Draft, Issue, Link, OperationError, certify, issue_for, sign},
    seal::{EpochKey, seal_content},
};
use dmpc_storage::{
    Genesis, Root, Verdict,
    digest::{fact_element, message_element},
    projection::definition::Definition,
};

use super::{
    file::{Case, File},
    forge::{at, time},
    json::Json,
    people::{Given, Person},
};

/// A channel under one of its epochs.
#[derive(Clone)]
pub(crate) struct Room {
    pub(crate) id: ChannelId,
    key: EpochKey,
}

impl Room {
    pub(crate) fn key_id(&self) -> KeyId {
        self.key.key_id()
    }
}

/// People, their lanes, and what they did.
pub(crate) struct Story {
    people: BTreeMap<&'static str, Person>,
    roots: Vec<&'static str>,
    lanes: HashMap<([u8; 32], Option<ChannelId>), Link>,
    told: BTreeMap<OpKey, (VerifiedOperation, &'static str)>,
}

impl Story {
    /// With the cast, of whom `root` is trusted.
    pub(crate) fn new() -> Result<Self> {
        let names = ["root", "alice", "bob", "carol", "dave"];
        let people = names.into_iter().map(|name| Ok((name, Person::called(name)?))).collect::<Result<_>>()?;
        Ok(Self { people, roots: vec!["root"], lanes: HashMap::new(), told: BTreeMap::new() })
    }

    /// Trusts somebody else too.
    pub(crate) fn trust(&mut self, name: &'static str) {
        self.roots.push(name);
    }

    pub(crate) fn person(&self, name: &str) -> Result<&Person> {
        self.people.get(name).with_context(|| format!("nobody is called {name}"))
    }

    fn next_link(&self, by: &str, channel: Option<ChannelId>) -> Result<Link> {
        let key = *self.person(by)?.identity.signing.verifying_key().as_bytes();
        let number = u8::try_from(self.lanes.len())?;
        Ok(*self.lanes.get(&(key, channel)).unwrap_or(&Link::first(LaneId::from_bytes([0xa0 + number; 16]))))
    }

    /// Keeps an operation under the verdict that it is due, and moves on in the lane.
    fn tell(&mut self, by: &str, word: &'static str, operation: VerifiedOperation) -> Result<()> {
        let key = *self.person(by)?.identity.signing.verifying_key().as_bytes();
        let next = operation.link().next(operation.id()).context("the lane is at its end")?;
        self.lanes.insert((key, operation.channel()), next);
        self.told.insert(operation.key(), (operation, word));
        Ok(())
    }

    /// Anything that its issuer certifies.
    pub(crate) fn act(
        &mut self,
        word: &'static str,
        by: &str,
        draft: Draft,
        millis: u64,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<()> {
        let link = self.next_link(by, draft.channel)?;
        let payload = |header: &[u8]| Ok::<_, OperationError>(payload(header));
        let operation = sign(&self.person(by)?.identity, draft, at(millis), link, payload)?.verify()?;
        self.tell(by, word, operation)
    }

    /// Anything that somebody else is to certify.
    pub(crate) fn issue(
        &self,
        by: &str,
        certifier: &str,
        draft: Draft,
        millis: u64,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Issue> {
        let payload = |header: &[u8]| Ok::<_, OperationError>(payload(header));
        Ok(issue_for(&self.person(by)?.identity, draft, at(millis), self.person(certifier)?.user(), payload)?)
    }

    pub(crate) fn certify(&mut self, word: &'static str, by: &str, issue: &Issue, millis: u64) -> Result<()> {
        let link = self.next_link(by, issue.header().channel)?;
        let operation = certify(&self.person(by)?.identity, issue, at(millis), link)?.verify()?;
        self.tell(by, word, operation)
    }

    pub(crate) fn create_payload(&self, subject: &str, permissions: Permissions) -> Result<Vec<u8>> {
        Ok(UserCreate::encode(&self.person(subject)?.public()?, permissions, subject))
    }

    pub(crate) fn create(
        &mut self,
        word: &'static str,
        by: &str,
        subject: &str,
        permissions: Permissions,
        millis: u64,
    ) -> Result<()> {
        let payload = self.create_payload(subject, permissions)?;
        self.act(word, by, Draft::user(Kind::UserCreate), millis, |_| payload)
    }

    pub(crate) fn update_payload(&self, subject: &str, writes: &[FieldWrite]) -> Result<Vec<u8>> {
        Ok(UserUpdate::encode(&self.person(subject)?.user(), writes))
    }

    pub(crate) fn update(
        &mut self,
        word: &'static str,
        by: &str,
        subject: &str,
        writes: &[FieldWrite],
        millis: u64,
    ) -> Result<()> {
        let payload = self.update_payload(subject, writes)?;
        self.act(word, by, Draft::user(Kind::UserUpdate), millis, |_| payload)
    }

    /// Replaces the signing key of `subject`, who uses it from then on; the old one is kept under the name `former`.
    pub(crate) fn rotate(
        &mut self,
        word: &'static str,
        by: &str,
        subject: &'static str,
        former: &'static str,
        seed: u8,
        millis: u64,
    ) -> Result<()> {
        let new = self.person(subject)?.rotated(seed, seed | 0x80)?;
        let countersignature = countersign(&new.identity.signing, &new.user());
        let writes = [
            FieldWrite::EncryptionKey(new.encryption_key()?),
            FieldWrite::SigningKey(new.identity.signing.verifying_key(), countersignature),
        ];
        self.update(word, by, subject, &writes, millis)?;
        let old = self.people.insert(subject, new).context("somebody rotates")?;
        self.people.insert(former, old);
        Ok(())
    }

    /// The room that `by` opens with a nonce of one byte; opening it is another thing.
    pub(crate) fn room(&self, by: &str, nonce: u8, members: &[(&str, Rights)]) -> Result<(Room, bytes::Bytes)> {
        let key = EpochKey::generate(&mut Given(nonce));
        let genesis = ChannelOpen::encode_genesis([nonce; 32], "room", &self.members_of(members)?, &key.key_id());
        Ok((Room { id: channel_id(&self.person(by)?.user(), &genesis), key }, genesis))
    }

    pub(crate) fn open(
        &mut self,
        word: &'static str,
        by: &str,
        members: &[(&str, Rights)],
        millis: u64,
    ) -> Result<Room> {
        let (room, genesis) = self.room(by, 0x70, members)?;
        self.act(word, by, Draft::channel(Kind::ChannelOpen, room.id), millis, |_| ChannelOpen::encode(genesis, &[]))?;
        Ok(room)
    }

    fn members_of(&self, members: &[(&str, Rights)]) -> Result<Vec<Member>> {
        let member = |(name, rights): &(&str, Rights)| Ok(Member { user: self.person(name)?.user(), rights: *rights });
        let mut members = members.iter().map(member).collect::<Result<Vec<_>>>()?;
        members.sort_by_key(|member| member.user);
        Ok(members)
    }

    pub(crate) fn members(
        &mut self,
        word: &'static str,
        by: &str,
        room: &Room,
        set: &[(&str, Rights)],
        remove: &[&str],
        millis: u64,
    ) -> Result<()> {
        let mut removed = remove.iter().map(|name| Ok(self.person(name)?.user())).collect::<Result<Vec<_>>>()?;
        removed.sort_unstable();
        let payload = ChannelMembers::encode(&self.members_of(set)?, &removed, &[]);
        self.act(word, by, Draft::channel(Kind::ChannelMembers, room.id), millis, |_| payload)
    }

    /// Names the epoch with this key.
    pub(crate) fn epoch(&mut self, word: &'static str, by: &str, room: &Room, key: u8, millis: u64) -> Result<Room> {
        let room = Room { id: room.id, key: EpochKey::generate(&mut Given(key)) };
        let payload = ChannelEpoch::encode(&EpochWraps { key_id: room.key.key_id(), wraps: Vec::new() });
        self.act(word, by, Draft::channel(Kind::ChannelEpoch, room.id), millis, |_| payload)?;
        Ok(room)
    }

    /// The room under an epoch that nothing has named.
    pub(crate) fn under(&self, room: &Room, key: u8) -> Room {
        Room { id: room.id, key: EpochKey::generate(&mut Given(key)) }
    }

    pub(crate) fn message(&mut self, word: &'static str, by: &str, room: &Room, millis: u64) -> Result<()> {
        let room = room.clone();
        let nonce = [0x5c; 24];
        self.act(word, by, Draft::message(room.id, room.key.key_id()), millis, |header| {
            let sealed = seal_content(&room.key, &room.id, header, &nonce, b"hello").unwrap_or_default();
            ChannelMessage::encode(nonce, sealed)
        })
    }

    pub(crate) fn close(&mut self, word: &'static str, by: &str, room: &Room, millis: u64) -> Result<()> {
        self.act(word, by, Draft::channel(Kind::ChannelClose, room.id), millis, |_| Vec::new())
    }

    /// The log as a file: verdicts as they were told, elements and digests as the fold gives them.
    pub(crate) fn file(self, name: &str, description: &str) -> Result<File> {
        let mut roots = Vec::new();
        let mut trusted = Vec::new();
        for name in &self.roots {
            // A root that rotates starts with the keys that it was born with.
            let root = Person::called(name)?;
            roots.push(Root::from(&root.public()?));
            trusted.push(root);
        }
        roots.sort_unstable_by_key(|root| root.user);
        trusted.sort_unstable_by_key(Person::user);
        let genesis = Genesis { node: dmpc::NodeId::from_bytes([2; 32]), roots };
        let mut fold = Definition::new(&genesis).with_channels();
        let mut operations = Vec::new();
        let mut verdicts = Vec::new();
        for (key, (operation, word)) in &self.told {
            let judgement = fold.fold(operation)?;
            let mut elements: Vec<Vec<u8>> =
                judgement.writes.iter().filter_map(|(register, value)| fact_element(register, key, value)).collect();
            if judgement.verdict == Verdict::Applied && operation.kind() == Kind::ChannelMessage {
                elements.extend(operation.channel().map(|channel| message_element(&channel, key)));
            }
            operations.push(Json::hex(operation.bytes()));
            let (outcome, code) = outcome(word).with_context(|| format!("'{word}' is no verdict"))?;
            verdicts.push(Json::Object(vec![
                ("operation_id", Json::hex(operation.id())),
                ("key", Json::hex(key.to_bytes())),
                ("kind", operation.kind().name().into()),
                ("verdict", outcome.into()),
                ("code", u64::from(code).into()),
                ("reason", (*word).into()),
                ("elements", Json::List(elements.iter().map(Json::hex).collect())),
                ("state_digest_after", Json::hex(fold.digests().state_digest(&genesis))),
            ]));
        }
        let channels = fold.channel_digests().into_iter().map(|(channel, digest)| {
            Json::Object(vec![("channel", Json::hex(channel)), ("digest", Json::hex(digest))])
        });
        let latest = self.told.keys().next_back().map_or(Hlc::ZERO, |key| key.timestamp);
        let case = Case::new(name, description)
            .input("ruleset", 1)
            .input("roots", Json::List(trusted.iter().map(root).collect::<Result<_>>()?))
            .input("operations", Json::List(operations))
            .expect("operations", Json::List(verdicts))
            .expect("latest", time(latest))
            .expect("state_digest", Json::hex(fold.digests().state_digest(&genesis)))
            .expect("log_digest", Json::hex(fold.digests().log_digest()))
            .expect("channels", Json::List(channels.collect()));
        Ok(File::of(&format!("log/{name}"), "log", case))
    }
}

fn root(person: &Person) -> Result<Json> {
    Ok(Json::Object(vec![
        ("user", Json::hex(person.user())),
        ("signing_key", Json::hex(person.identity.signing.verifying_key().as_bytes())),
        ("encryption_key", Json::hex(person.encryption_key()?.as_bytes())),
    ]))
}

/// What a word of a verdict stands for, by the table of the protocol.
fn outcome(word: &str) -> Option<(&'static str, u8)> {
    const PENDING: [&str; 5] =
        ["unknown_issuer", "unknown_certifier", "unknown_subject", "unknown_channel", "unknown_epoch"];
    const REJECTED: [&str; 11] = [
        "issuer_inactive",
        "issuer_key",
        "certifier_inactive",
        "certifier_key",
        "permission_missing",
        "attenuation",
        "root_fixed",
        "right_missing",
        "channel_closed",
        "channel_exists",
        "duplicate_issue",
    ];
    if word.is_empty() {
        return Some(("applied", 0));
    }
    let pending = (1..).zip(PENDING).find(|(_, known)| *known == word).map(|(code, _)| ("pending", code));
    pending.or_else(|| (32..).zip(REJECTED).find(|(_, known)| *known == word).map(|(code, _)| ("rejected", code)))
}
