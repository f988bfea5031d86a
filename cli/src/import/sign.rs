//! From intents to signed operations: keys, time and lanes of an import. No I/O. What was signed before is adopted instead of
//! signed again, so that no place in a lane is ever taken by two operations.

mod epochs;

use std::collections::HashMap;

use dmpc::{
    ChannelId, Hlc, Identity, LaneId, Permissions, Rights, SignedOperation,
    identity::IdentityError,
    keys::{EncryptionKey, KeyError, VerifyingKey},
    kinds::{
        ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, FieldWrite, Kind, Member, Payload, UserCreate,
        UserUpdate, channel_id,
    },
    operation::{Draft, Link, OperationError, sign},
    seal::{EpochKey, NONCE_BYTES, SealError, seal_content},
};
use rand_core::{CryptoRng, RngCore};

use super::plan::{Day, Intent, Person};

/// What members may do whom an import admits.
const MEMBER_RIGHTS: Rights = Rights::READ.union(Rights::WRITE);

/// Why an operation cannot be signed or adopted.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    /// It would not be well formed.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// Something cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An identity of the journal cannot be read.
    #[error("an identity in the journal: {0}")]
    Identity(#[from] IdentityError),
    /// Logical time or a lane has no further place.
    #[error("there is no timestamp or lane place left")]
    NoPlace,
    /// The plan names a person or a day that was not introduced.
    #[error("an operation names a user or channel that does not exist yet")]
    OutOfTurn,
    /// A journaled operation is not what the input asks for at this point.
    #[error("the journal has another {found} here than the input asks for")]
    OtherOperation {
        /// What the journal has.
        found: &'static str,
    },
    /// A journaled operation does not continue its lane or comes too early.
    #[error("a {0} in the journal does not follow from those before it")]
    NotFollowing(&'static str),
    /// The log is of a time at which the root had another signing key: what this one signs would have no effect then.
    #[error("it is of a time before the root had this signing key")]
    BeforeKey,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Signer {
    Root,
    Person(Person),
}

#[derive(Debug)]
struct Keys {
    identity: Identity,
    verifying_key: VerifyingKey,
    encryption_key: EncryptionKey,
}

impl Keys {
    fn new(identity: Identity) -> Result<Self, KeyError> {
        let encryption_key = identity.encryption.encryption_key()?;
        Ok(Self { verifying_key: identity.signing.verifying_key(), encryption_key, identity })
    }
}

/// A channel and the key of its current epoch.
#[derive(Debug)]
struct Channel {
    id: ChannelId,
    key: EpochKey,
}

/// A lane: one signing key, one channel or none. Only the root signs before a channel has an id of its own.
type Lane = (VerifyingKey, Option<ChannelId>);

/// Keys, time and lanes.
#[derive(Debug)]
pub(super) struct Signing<R> {
    rng: R,
    root: Keys,
    people: Vec<Keys>,
    channels: Vec<Channel>,
    /// The next free place of each lane.
    lanes: HashMap<Lane, Link>,
    clock: Hlc,
    /// Since when the root has its signing key.
    since: Hlc,
}

impl<R: RngCore + CryptoRng> Signing<R> {
    /// At the beginning of an import, by a root that has its signing key since some time.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(super) fn new(root: Identity, since: Hlc, rng: R) -> Result<Self, KeyError> {
        let root = Keys::new(root)?;
        let (people, channels, lanes) = (Vec::new(), Vec::new(), HashMap::new());
        Ok(Self { rng, root, people, channels, lanes, clock: Hlc::ZERO, since })
    }

    /// Makes the keys of the next person.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(super) fn add_person(&mut self) -> Result<&Identity, KeyError> {
        let keys = Keys::new(Identity::generate(&mut self.rng)?)?;
        self.people.push(keys);
        self.people.last().map(|keys| &keys.identity).ok_or(KeyError::BadSecret)
    }

    /// Takes the keys of the next person from the journal.
    ///
    /// # Errors
    /// [`SignError::Identity`]
    pub(super) fn adopt_person(&mut self, text: &str) -> Result<(), SignError> {
        self.people.push(Keys::new(Identity::from_text(text)?)?);
        Ok(())
    }

    /// Signs the operations of an intent, at a time of the log or after everything before. It is one, but for an epoch with
    /// more wraps than one can carry.
    ///
    /// # Errors
    /// [`SignError`]
    pub(super) fn sign(&mut self, intent: &Intent, minute_ms: u64) -> Result<Vec<SignedOperation>, SignError> {
        if let Intent::Rekey(day, members) = intent {
            return self.rekey(*day, members, minute_ms);
        }
        let at = self.tick(minute_ms)?;
        let operation = match intent {
            Intent::Create { person, name } => self.create(at, *person, &name.nick)?,
            Intent::Open { name } => self.open(at, name)?,
            Intent::Admit(day, person) => self.admit(at, *day, *person)?,
            Intent::Leave(day, person) => self.leave(at, *day, *person)?,
            Intent::Rename(person, name) => self.rename(at, *person, name)?,
            Intent::Say(day, person, text) => self.say(at, *day, *person, text)?,
            Intent::Rekey(..) => return Err(SignError::OutOfTurn),
        };
        self.advance(&operation)?;
        Ok(vec![operation])
    }

    /// Takes the operations of an intent from the journal, if they are what it wants. `next` gives the next one of the journal.
    ///
    /// # Errors
    /// [`SignError`]; the journal and the input do not belong together, or the journal was changed.
    pub(super) fn adopt(
        &mut self,
        intent: &Intent,
        mut next: impl FnMut() -> Result<SignedOperation, SignError>,
    ) -> Result<Vec<SignedOperation>, SignError> {
        if let Intent::Rekey(day, members) = intent {
            return self.adopt_rekey(*day, members, next);
        }
        let operation = next()?;
        self.adopt_one(signer_of(intent), &operation, self.is_of(intent, &operation)?)?;
        if let (Intent::Open { .. }, Payload::ChannelOpen(open)) = (intent, operation.payload()) {
            let id = operation.channel().ok_or(SignError::OutOfTurn)?;
            let key = self.unwrap(id, &open.epoch)?;
            self.channels.push(Channel { id, key });
        }
        Ok(vec![operation])
    }

    /// Ends all lanes: what is signed from now on stands in new ones. For after the journal was taken up, which may be an older
    /// copy of itself; nothing on this machine tells.
    pub(super) fn end_lanes(&mut self) {
        self.lanes.clear();
    }

    /// That an operation is the next one of its signer's lane, and of the right signer.
    fn adopt_one(&mut self, signer: Signer, operation: &SignedOperation, is_wanted: bool) -> Result<(), SignError> {
        let found = operation.kind().name();
        if !is_wanted || self.keys(signer)?.identity.user != operation.issuer() {
            return Err(SignError::OtherOperation { found });
        }
        let link = operation.link();
        // A run begins lanes of its own.
        let continues = match self.lanes.get(&(operation.certifier_key(), operation.channel())) {
            Some(expected) => link == *expected || (link.seq == 1 && link.lane != expected.lane),
            None => link.seq == 1,
        };
        if !continues || operation.timestamp() <= self.clock {
            return Err(SignError::NotFollowing(found));
        }
        self.advance(operation)
    }

    /// Whether an operation does what an intent wants. What a message says is sealed; the digest of the input stands for it.
    fn is_of(&self, intent: &Intent, operation: &SignedOperation) -> Result<bool, SignError> {
        let user = |person: &Person| Ok::<_, SignError>(self.keys(Signer::Person(*person))?.identity.user);
        let in_day = |day: &Day| Ok::<_, SignError>(operation.channel() == Some(self.channel(*day)?.id));
        Ok(match (intent, operation.payload()) {
            (Intent::Create { person, name }, Payload::UserCreate(create)) => {
                create.user == user(person)? && create.display_name == name.nick
            }
            (Intent::Open { name }, Payload::ChannelOpen(open)) => open.name == *name,
            (Intent::Admit(day, person), Payload::ChannelMembers(members)) => {
                let member = Member { user: user(person)?, rights: MEMBER_RIGHTS };
                in_day(day)? && members.set == [member] && members.remove.is_empty()
            }
            (Intent::Leave(day, person), Payload::ChannelMembers(members)) => {
                in_day(day)? && members.set.is_empty() && members.remove == [user(person)?]
            }
            (Intent::Rename(person, name), Payload::UserUpdate(update)) => {
                update.user == user(person)? && update.display_name.as_ref() == Some(name)
            }
            (Intent::Say(day, _, _), Payload::ChannelMessage(_)) => {
                in_day(day)? && operation.header().key_id == Some(self.channel(*day)?.key.key_id())
            }
            _ => false,
        })
    }

    fn tick(&self, minute_ms: u64) -> Result<Hlc, SignError> {
        let at = Hlc::tick(self.clock, minute_ms).ok_or(SignError::NoPlace)?;
        if at > self.since { Ok(at) } else { Err(SignError::BeforeKey) }
    }

    fn advance(&mut self, operation: &SignedOperation) -> Result<(), SignError> {
        let next = operation.link().next(operation.id()).ok_or(SignError::NoPlace)?;
        self.lanes.insert((operation.certifier_key(), operation.channel()), next);
        self.clock = operation.timestamp();
        Ok(())
    }

    fn create(&mut self, at: Hlc, person: Person, nick: &str) -> Result<SignedOperation, SignError> {
        let subject = self.keys(Signer::Person(person))?.identity.public()?;
        let payload = UserCreate::encode(&subject, Permissions::NONE, nick);
        self.issue(Signer::Root, Draft::user(Kind::UserCreate), at, payload)
    }

    fn open(&mut self, at: Hlc, name: &str) -> Result<SignedOperation, SignError> {
        let key = EpochKey::generate(&mut self.rng);
        let mut nonce = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        let root = self.root.identity.user;
        let genesis = ChannelOpen::encode_genesis(nonce, name, &[], &key.key_id());
        let id = channel_id(&root, &genesis);
        let wrap = key.wrap(&id, root, self.root.encryption_key)?;
        self.channels.push(Channel { id, key });
        self.issue(Signer::Root, Draft::channel(Kind::ChannelOpen, id), at, ChannelOpen::encode(genesis, &[wrap]))
    }

    fn admit(&mut self, at: Hlc, day: Day, person: Person) -> Result<SignedOperation, SignError> {
        let (channel, keys) = (self.channel(day)?, self.keys(Signer::Person(person))?);
        let user = keys.identity.user;
        let wrap = channel.key.wrap(&channel.id, user, keys.encryption_key)?;
        let epoch = EpochWraps { key_id: channel.key.key_id(), wraps: vec![wrap] };
        let payload = ChannelMembers::encode(&[Member { user, rights: MEMBER_RIGHTS }], &[], &[epoch]);
        let draft = Draft::channel(Kind::ChannelMembers, channel.id);
        self.issue(Signer::Root, draft, at, payload)
    }

    fn leave(&mut self, at: Hlc, day: Day, person: Person) -> Result<SignedOperation, SignError> {
        let signer = Signer::Person(person);
        let payload = ChannelMembers::encode(&[], &[self.keys(signer)?.identity.user], &[]);
        let draft = Draft::channel(Kind::ChannelMembers, self.channel(day)?.id);
        self.issue(signer, draft, at, payload)
    }

    fn rename(&mut self, at: Hlc, person: Person, name: &str) -> Result<SignedOperation, SignError> {
        let signer = Signer::Person(person);
        let write = FieldWrite::DisplayName(name.to_owned());
        let payload = UserUpdate::encode(&self.keys(signer)?.identity.user, &[write]);
        self.issue(signer, Draft::user(Kind::UserUpdate), at, payload)
    }

    fn say(&mut self, at: Hlc, day: Day, person: Person, text: &str) -> Result<SignedOperation, SignError> {
        let mut nonce = [0; NONCE_BYTES];
        self.rng.fill_bytes(&mut nonce);
        let signer = Signer::Person(person);
        let channel_id = self.channel(day)?.id;
        let link = self.place(self.keys(signer)?.verifying_key, Some(channel_id));
        let channel = self.channel(day)?;
        let draft = Draft::message(channel.id, channel.key.key_id());
        sign(&self.keys(signer)?.identity, draft, at, link, |header| {
            let sealed = seal_content(&channel.key, &channel.id, header, &nonce, text.as_bytes())?;
            Ok(ChannelMessage::encode(nonce, sealed))
        })
    }

    fn issue(&mut self, signer: Signer, draft: Draft, at: Hlc, payload: Vec<u8>) -> Result<SignedOperation, SignError> {
        let link = self.place(self.keys(signer)?.verifying_key, draft.channel);
        sign(&self.keys(signer)?.identity, draft, at, link, |_| Ok(payload))
    }

    /// The next place of a key's lane; a lane of its own where there is none yet.
    fn place(&mut self, key: VerifyingKey, channel: Option<ChannelId>) -> Link {
        if let Some(link) = self.lanes.get(&(key, channel)) {
            return *link;
        }
        let mut lane = [0; LaneId::LEN];
        self.rng.fill_bytes(&mut lane);
        Link::first(LaneId::from_bytes(lane))
    }

    fn keys(&self, signer: Signer) -> Result<&Keys, SignError> {
        match signer {
            Signer::Root => Ok(&self.root),
            Signer::Person(Person(index)) => self.people.get(index).ok_or(SignError::OutOfTurn),
        }
    }

    fn channel(&self, Day(index): Day) -> Result<&Channel, SignError> {
        self.channels.get(index).ok_or(SignError::OutOfTurn)
    }

    fn channel_mut(&mut self, Day(index): Day) -> Result<&mut Channel, SignError> {
        self.channels.get_mut(index).ok_or(SignError::OutOfTurn)
    }
}

const fn signer_of(intent: &Intent) -> Signer {
    match intent {
        Intent::Create { .. } | Intent::Open { .. } | Intent::Admit(..) | Intent::Rekey(..) => Signer::Root,
        Intent::Leave(_, person) | Intent::Rename(person, _) | Intent::Say(_, person, _) => Signer::Person(*person),
    }
}
