//! People with keys, and operations of every kind that they make. All of it follows from names.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, LaneId, Permissions, Rights, SignedOperation, UserId, VerifiedOperation,
    identity::countersign,
    keys::SigningKey,
    kinds::{
        ChannelEpoch, ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, FieldWrite, Kind, Member, UserCreate,
        UserUpdate, Wrap, channel_id,
    },
    operation::{Draft, Link, OperationError, certify, issue_for, sign},
    seal::{EpochKey, seal_content},
};
use rand_core::{CryptoRng, RngCore};

/// Random bytes that a name determines.
pub(crate) struct Seeded(blake3::OutputReader);

impl Seeded {
    pub(crate) fn new(name: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dmpc fuzz seeded randomness");
        hasher.update(name.as_bytes());
        Self(hasher.finalize_xof())
    }
}

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

static PEOPLE: LazyLock<BTreeMap<&str, Identity>> = LazyLock::new(|| {
    let person = |name| (name, Identity::generate(&mut Seeded::new(name)).expect("fresh keys"));
    ["alice", "bob", "carol", "node"].into_iter().map(person).collect()
});

static EPOCH: LazyLock<EpochKey> = LazyLock::new(|| EpochKey::generate(&mut Seeded::new("epoch")));

/// The genesis of the one channel, which alice opens for bob.
static GENESIS: LazyLock<Bytes> = LazyLock::new(|| {
    let bob = Member { user: identity("bob").user, rights: Rights::READ };
    ChannelOpen::encode_genesis([6; 32], "tea", &[bob], &epoch_key().key_id())
});

static CHANNEL: LazyLock<ChannelId> = LazyLock::new(|| channel_id(&identity("alice").user, &GENESIS));

/// Somebody.
pub(crate) fn identity(name: &str) -> &'static Identity {
    PEOPLE.get(name).expect("somebody of this name")
}

/// The key of the one epoch.
pub(crate) fn epoch_key() -> &'static EpochKey {
    &EPOCH
}

/// A moment.
pub(crate) fn at(millis: u64) -> Hlc {
    Hlc::from_millis(1_704_067_200_000 + millis)
}

/// The first place in somebody's lane.
pub(crate) fn link() -> Link {
    Link::first(LaneId::from_bytes([5; 16]))
}

/// The one channel.
pub(crate) fn channel() -> ChannelId {
    *CHANNEL
}

/// What `name` makes of a draft and certifies itself.
pub(crate) fn signed(
    name: &str,
    draft: Draft,
    time: u64,
    payload: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<SignedOperation, OperationError> {
    sign(identity(name), draft, at(time), link(), |header: &[u8]| Ok::<_, OperationError>(payload(header)))
}

/// A wrap with the shape of age bytes, which nobody can open: age draws randomness, and this does not.
fn wrap(user: UserId, name: &str) -> Wrap {
    let encryption_key = identity(name).encryption.encryption_key().expect("a checked key");
    let sealed = Bytes::from_static(b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\nblank");
    Wrap { user, encryption_key, sealed }
}

fn wraps(names: &[&str]) -> Vec<Wrap> {
    let mut wraps: Vec<Wrap> = names.iter().map(|name| wrap(identity(name).user, name)).collect();
    wraps.sort_by_key(|wrap| (wrap.user, wrap.encryption_key));
    wraps
}

/// The payload of a valid message.
fn message(header: &[u8]) -> Vec<u8> {
    let sealed = seal_content(epoch_key(), &channel(), header, &[8; 24], b"good morning");
    ChannelMessage::encode([8; 24], sealed.expect("short content"))
}

/// A kind's valid payload by alice about bob.
pub(crate) fn payload(kind: Kind, header: &[u8]) -> Vec<u8> {
    let bob = identity("bob");
    let epoch = EpochWraps { key_id: epoch_key().key_id(), wraps: wraps(&["bob"]) };
    match kind {
        Kind::UserCreate => UserCreate::encode(&bob.public().expect("checked keys"), Permissions::ALL, "Bob"),
        Kind::UserUpdate => {
            let key = SigningKey::generate(&mut Seeded::new("new key"));
            let writes = [
                FieldWrite::Active(false),
                FieldWrite::SigningKey(key.verifying_key(), countersign(&key, &bob.user)),
                FieldWrite::DisplayName("Robert".into()),
            ];
            UserUpdate::encode(&bob.user, &writes)
        }
        Kind::ChannelOpen => ChannelOpen::encode(GENESIS.clone(), &wraps(&["alice", "bob"])),
        Kind::ChannelMembers => {
            let set = [Member { user: bob.user, rights: Rights::ALL }];
            ChannelMembers::encode(&set, &[identity("carol").user], &[epoch])
        }
        Kind::ChannelEpoch => ChannelEpoch::encode(&epoch),
        Kind::ChannelMessage => message(header),
        Kind::ChannelClose => Vec::new(),
    }
}

/// What a kind's operation is about.
pub(crate) fn draft(kind: Kind) -> Draft {
    match kind {
        Kind::UserCreate | Kind::UserUpdate => Draft::user(kind),
        Kind::ChannelMessage => Draft::message(channel(), epoch_key().key_id()),
        Kind::ChannelOpen | Kind::ChannelMembers | Kind::ChannelEpoch | Kind::ChannelClose => {
            Draft::channel(kind, channel())
        }
    }
}

/// Every kind.
pub(crate) const KINDS: [Kind; 7] = [
    Kind::UserCreate,
    Kind::UserUpdate,
    Kind::ChannelOpen,
    Kind::ChannelMembers,
    Kind::ChannelEpoch,
    Kind::ChannelMessage,
    Kind::ChannelClose,
];

/// One operation of each kind by alice, and each but the open issued by bob and certified by alice.
pub(crate) fn operations() -> Vec<VerifiedOperation> {
    let mut operations = Vec::new();
    for kind in KINDS {
        let by_alice = signed("alice", draft(kind), 1, |header| payload(kind, header)).expect("a valid operation");
        operations.push(by_alice.verify().expect("alice's signature"));
        if kind == Kind::ChannelOpen {
            continue;
        }
        let (alice, bob) = (identity("alice"), identity("bob"));
        let valid = |header: &[u8]| Ok::<_, OperationError>(payload(kind, header));
        let issue = issue_for(bob, draft(kind), at(2), alice.user, valid).expect("a valid issue");
        let certified = certify(alice, &issue, at(3), link()).expect("a valid certification");
        operations.push(certified.verify().expect("both signatures"));
    }
    operations
}
