//! A store of one channel with many messages, and operations that are made for it.

use std::{path::PathBuf, time::Duration};

use blake3::OutputReader;
use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, KeyId, LaneId, NodeId, OpKey, Permissions, Rights, SignedOperation, VerifiedOperation,
    cursor::{Cursor, Generation},
    kinds::{ChannelMessage, ChannelOpen, FieldWrite, Kind, Member, UserCreate, UserUpdate, Wrap, channel_id},
    operation::{Draft, Link, OperationError, sign, verify_all},
};
use dmpc_storage::{Genesis, Limits, Outcome, Reader, Root, Source, Store, Submission, Writer};
use rand_core::{CryptoRng, RngCore};

use crate::cpu;

/// Operations of one commit.
pub(crate) const BATCH: usize = 128;
/// Messages that a permission change touches: those of authors who wrote so many.
pub(crate) const TOUCHED: [usize; 3] = [0, 10, 1_000];
/// Operations of one commit while the store is filled.
const FILL: usize = 1_024;
/// Authors of the other messages.
const AUTHORS: usize = 8;
/// When the first message was written, and how far messages are apart, in milliseconds.
const BEGIN: u64 = 1_704_067_200_000;
const APART: u64 = 10;
/// Bytes of ciphertext of a message.
const CIPHERTEXT: usize = 116;

/// Bytes that a seed determines.
struct Stream(OutputReader);

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Stream {}

impl Stream {
    fn new(label: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(label).finalize_xof())
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// Somebody, and the next place in the lane.
struct Person {
    identity: Identity,
    link: Link,
}

impl Person {
    fn new(rng: &mut Stream) -> Self {
        let identity = Identity::generate(rng).unwrap();
        Self { identity, link: Link::first(LaneId::from_bytes(rng.array())) }
    }

    fn act(&mut self, draft: Draft, at: Hlc, payload: Vec<u8>) -> VerifiedOperation {
        let signed = sign(&self.identity, draft, at, self.link, |_| Ok::<_, OperationError>(payload)).unwrap();
        let operation = signed.assume_verified();
        self.link = self.link.next(operation.id()).unwrap();
        operation
    }
}

/// The store, and the people who write to it.
pub(crate) struct House {
    rng: Stream,
    root: Person,
    opener: Person,
    authors: Vec<Person>,
    /// As many as there are numbers of messages that a change touches.
    touched: Vec<Person>,
    channel: ChannelId,
    key_id: KeyId,
    messages: u64,
    changes: u64,
    /// Batches that re-judgements went on over.
    steps: u64,
    keys: Vec<OpKey>,
    logged: Vec<Bytes>,
    /// Bytes of all operations that were offered.
    bytes: usize,
    writer: Writer,
    reader: Reader,
    directory: tempfile::TempDir,
}

fn submission(operation: VerifiedOperation) -> Submission {
    Submission { operation, source: Source([1; 16]) }
}

impl House {
    /// A store whose channel has `size` messages, of which each touched author wrote its share, evenly spread.
    pub(crate) fn with_messages(size: u64) -> Self {
        let mut rng = Stream::new("dmpc benches people");
        let [root, opener] = [(); 2].map(|()| Person::new(&mut rng));
        let people = |rng: &mut Stream, count| (0..count).map(|_| Person::new(rng)).collect::<Vec<_>>();
        let (authors, touched) = (people(&mut rng, AUTHORS), people(&mut rng, TOUCHED.len()));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        let root_of = Root::from(&root.identity.public().unwrap());
        Store::init(&path, &Genesis { node: NodeId::from_bytes([7; 32]), roots: vec![root_of] }).unwrap();
        let (writer, reader) = Store::open(&path, Limits::default(), Generation::from_bytes([1; 16])).unwrap();
        let key_id = KeyId::from_bytes(rng.array());
        let channel = ChannelId::from_bytes([0; 32]);
        let (keys, logged) = (Vec::new(), Vec::new());
        let (messages, changes, steps, bytes) = (0, 0, 0, 0);
        let mut house = Self {
            rng,
            root,
            opener,
            authors,
            touched,
            channel,
            key_id,
            messages,
            changes,
            steps,
            keys,
            logged,
            bytes,
            writer,
            reader,
            directory,
        };
        house.begin();
        house.fill(size);
        house.reopened()
    }

    /// Closes the store, opens it again and offers every operation that is kept here once more: whatever its size, the log
    /// stands in tables, not in what is not flushed yet, and the cache holds what it can of it.
    fn reopened(self) -> Self {
        let Self { writer, reader, directory, .. } = self;
        drop((writer, reader));
        let (writer, reader) =
            Store::open(&directory.path().join("store"), Limits::default(), Generation::from_bytes([2; 16])).unwrap();
        let mut house = Self { writer, reader, directory, ..self };
        for batch in house.logged.clone().chunks(BATCH) {
            let again = batch.iter().map(|bytes| submission(VerifiedOperation::from_log(bytes.clone()).unwrap()));
            house.commit(&again.collect::<Vec<_>>());
        }
        house
    }

    /// Creates everybody and opens the channel, long before the first message.
    fn begin(&mut self) {
        let at = |millis| Hlc::from_millis(BEGIN - 10_000_000 + millis);
        let everybody = [&self.opener].into_iter().chain(&self.authors).chain(&self.touched);
        let identities: Vec<_> = everybody.map(|person| person.identity.public().unwrap()).collect();
        let creates = identities.iter().map(|identity| UserCreate::encode(identity, Permissions::ALL, ""));
        let mut operations: Vec<_> = creates
            .collect::<Vec<_>>()
            .into_iter()
            .map(|payload| self.root.act(Draft::user(Kind::UserCreate), at(0), payload))
            .collect();
        let mut members: Vec<Member> =
            identities.iter().skip(1).map(|identity| Member { user: identity.user, rights: Rights::ALL }).collect();
        members.sort_by_key(|member| member.user);
        let genesis = ChannelOpen::encode_genesis(self.rng.array(), "hall", &members, &self.key_id);
        self.channel = channel_id(&self.opener.identity.user, &genesis);
        let wrap = Wrap {
            user: self.opener.identity.user,
            encryption_key: self.opener.identity.encryption.encryption_key().unwrap(),
            sealed: Bytes::from_static(b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n0000"),
        };
        let payload = ChannelOpen::encode(genesis, &[wrap]);
        operations.push(self.opener.act(Draft::channel(Kind::ChannelOpen, self.channel), at(1), payload));
        self.commit(&operations.into_iter().map(submission).collect::<Vec<_>>());
    }

    fn fill(&mut self, size: u64) {
        let shares: Vec<u64> = TOUCHED.iter().map(|touched| size / u64::try_from(*touched).unwrap().max(1)).collect();
        while self.messages < size {
            let mut batch = Vec::with_capacity(FILL);
            while self.messages < size && batch.len() < FILL {
                let number = self.messages;
                let touched = TOUCHED.iter().zip(&shares).position(|(touched, share)| {
                    *touched > 0 && number % share == u64::try_from(*touched % 7).unwrap()
                });
                let message = self.next_message(touched);
                self.keys.push(message.key());
                if number.is_multiple_of(size.div_ceil(10_000)) {
                    self.logged.push(message.bytes().clone());
                }
                batch.push(submission(message));
            }
            self.commit(&batch);
        }
        let counted = self.reader.channel(&self.channel).unwrap().unwrap().messages;
        assert_eq!(counted, size);
    }

    fn next_message(&mut self, touched: Option<usize>) -> VerifiedOperation {
        let at = Hlc::from_millis(BEGIN + APART * self.messages);
        self.messages += 1;
        self.message(touched, at)
    }

    fn message(&mut self, touched: Option<usize>, at: Hlc) -> VerifiedOperation {
        let payload = ChannelMessage::encode(self.rng.array(), self.rng.array::<CIPHERTEXT>().to_vec());
        let author = usize::try_from(self.rng.below(u64::try_from(AUTHORS).unwrap())).unwrap();
        let author = match touched {
            Some(index) => &mut self.touched[index],
            None => &mut self.authors[author],
        };
        author.act(Draft::message(self.channel, self.key_id), at, payload)
    }

    /// Messages after all others.
    pub(crate) fn messages_in_order(&mut self, count: usize) -> Vec<Submission> {
        (0..count).map(|_| submission(self.next_message(None))).collect()
    }

    /// Messages anywhere among those that are there.
    pub(crate) fn late_messages(&mut self, count: usize) -> Vec<Submission> {
        let late = |house: &mut Self| {
            let at = BEGIN + house.rng.below(APART * house.messages);
            house.message(None, Hlc::from_millis(at))
        };
        (0..count).map(|_| submission(late(self))).collect()
    }

    /// Messages that are logged already.
    pub(crate) fn duplicates(&mut self, count: usize) -> Vec<Submission> {
        let again = self.duplicates_as_bytes(count).into_iter();
        again.map(|bytes| submission(VerifiedOperation::from_log(bytes).unwrap())).collect()
    }

    /// The same, as they arrive.
    pub(crate) fn duplicates_as_bytes(&mut self, count: usize) -> Vec<Bytes> {
        let pick = |house: &mut Self| {
            let index = house.rng.below(u64::try_from(house.logged.len()).unwrap());
            house.logged[usize::try_from(index).unwrap()].clone()
        };
        (0..count).map(|_| pick(self)).collect()
    }

    /// Decodes, verifies and commits operations.
    pub(crate) fn take(&mut self, encoded: Vec<Bytes>) {
        let decoded = encoded.into_iter().map(|bytes| SignedOperation::decode(bytes).unwrap()).collect();
        let (verified, _) = verify_all(decoded, &mut self.rng);
        self.commit(&verified.into_iter().map(|operation| submission(operation.unwrap())).collect::<Vec<_>>());
    }

    /// Deactivates and activates, in turn, somebody who wrote so many messages, before the first of them; each change is
    /// after the last one, so each touches all of them.
    pub(crate) fn permission_change(&mut self, touched: usize) -> Submission {
        self.changes += 1;
        let index = TOUCHED.iter().position(|other| *other == touched).unwrap();
        let is_active = self.changes.is_multiple_of(2);
        let payload = UserUpdate::encode(&self.touched[index].identity.user, &[FieldWrite::Active(is_active)]);
        let at = Hlc::from_millis(BEGIN - 1_000_000 + self.changes);
        submission(self.root.act(Draft::user(Kind::UserUpdate), at, payload))
    }

    /// Commits, with all that follows from it, and sees that all is logged.
    pub(crate) fn commit(&mut self, batch: &[Submission]) {
        self.bytes += batch.iter().map(|submission| submission.operation.bytes().len()).sum::<usize>();
        let outcomes = self.writer.commit(batch, BEGIN * 2).unwrap();
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied | Outcome::Duplicate)),
            "{outcomes:?}"
        );
        while self.writer.step().unwrap().is_some() {
            self.steps += 1;
        }
    }

    /// Bytes of all operations that were offered.
    pub(crate) fn operation_bytes(&self) -> u64 {
        u64::try_from(self.bytes).unwrap()
    }

    /// Leaves the store as a process does that is killed: its directory, and where it is in it.
    pub(crate) fn leave(self) -> (tempfile::TempDir, PathBuf) {
        let path = self.directory.path().join("store");
        (self.directory, path)
    }

    /// Closes the channel before its first message; gives the time that it takes until all are retracted.
    pub(crate) fn close(&mut self) -> Duration {
        let at = Hlc::from_millis(BEGIN - 1);
        let close = submission(self.opener.act(Draft::channel(Kind::ChannelClose, self.channel), at, Vec::new()));
        let start = cpu::now();
        self.commit(&[close]);
        let took = cpu::now() - start;
        assert_eq!(self.reader.channel(&self.channel).unwrap().unwrap().messages, 0);
        println!("backdated close over {} messages: in {} steps", self.messages, self.steps);
        took
    }

    /// Keys of the messages that it was filled with, in their order.
    pub(crate) fn keys(&self) -> &[OpKey] {
        &self.keys
    }

    /// Numbers without end, the same each time.
    pub(crate) fn random_numbers(&self) -> impl Iterator<Item = u64> + use<> {
        let mut rng = Stream::new("dmpc benches keys");
        std::iter::repeat_with(move || rng.next_u64())
    }

    /// Keys of messages, without end.
    pub(crate) fn random_keys(&self) -> impl Iterator<Item = OpKey> {
        let count = u64::try_from(self.keys.len()).unwrap();
        self.random_numbers().map(move |number| self.keys[usize::try_from(number % count).unwrap()])
    }

    /// A cursor after which there is a full page.
    pub(crate) fn page_start(&self, keys: &mut impl Iterator<Item = OpKey>, page: usize, backward: bool) -> Bytes {
        let margin = page + 1;
        let (least, most) = (self.keys[margin], self.keys[self.keys.len() - margin]);
        let key = keys.find(|key| if backward { *key > least } else { *key < most }).unwrap();
        Cursor::Messages(key).encode()
    }

    pub(crate) fn position(&self, key: &OpKey) -> u64 {
        self.reader.position(&self.channel, key).unwrap()
    }

    /// Reads a full page.
    pub(crate) fn page(&self, start: &[u8], page: usize, backward: bool) {
        let found = self.reader.messages(&self.channel, start, page, backward).unwrap();
        assert_eq!(found.items.len(), page);
    }
}
