//! `meta`: what there is one of.
//!
//! ```text
//! key "format"   value  format version u32
//! key "genesis"  value  node id 32 | for each root: user id 32, signing key 32, encryption key 32
//! key "history"  value  for each stretch, the present one last: generation 16, and what had been given before it:
//!                       feed sequence u64, number of users u32, of channels u32
//! key "head"     value  arrivals u64 | kept u64 | last feed sequence u64 | latest OpKey 40 | last OpKey 40 |
//!                       numbers of users, channels, lanes u32 each | state digest's state 2048 |
//!                       log digest's state 2048
//! ```
//! `kept` counts what was ever kept aside, `latest` is the greatest key, `last` the one that arrived last. There is no "history" before the first start.

use dmpc::{
    NodeId, OpKey, UserId,
    cursor::Generation,
    keys::{EncryptionKey, VerifyingKey},
};

use super::{split_u32, split_u64};
use crate::{
    Genesis, Root,
    digest::{Digests, LtHash, STATE_BYTES},
    head_file::Acknowledged,
    history::{Given, Stretch},
};

/// The format that this program writes.
pub(crate) const FORMAT: u32 = 4;
/// Key of the format version.
pub(crate) const FORMAT_KEY: &[u8] = b"format";
/// Key of the genesis.
pub(crate) const GENESIS_KEY: &[u8] = b"genesis";
/// Key of the history.
pub(crate) const HISTORY_KEY: &[u8] = b"history";
/// Key of the head.
pub(crate) const HEAD_KEY: &[u8] = b"head";

/// Where the log and the views stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Operations in the log; the last local sequence.
    pub(crate) arrivals: u64,
    /// Operations that were ever kept aside, those too that are logged since.
    pub(crate) kept: u64,
    /// The last sequence of the feed.
    pub(crate) feed: u64,
    /// The greatest key.
    pub(crate) latest: OpKey,
    /// The key that arrived last.
    pub(crate) last: OpKey,
    /// Numbers given to users, channels and lanes.
    pub(crate) numbers: [u32; 3],
    /// The digests.
    pub(crate) digests: Digests,
}

impl Head {
    /// Of an empty log.
    pub(crate) fn empty() -> Self {
        Self {
            arrivals: 0,
            kept: 0,
            feed: 0,
            latest: OpKey::MIN,
            last: OpKey::MIN,
            numbers: [0; 3],
            digests: Digests::default(),
        }
    }

    /// What is about to be acknowledged when it is written.
    pub(crate) fn acknowledged(&self, clean: bool) -> Acknowledged {
        Acknowledged { arrivals: self.arrivals, last: self.last, kept: self.kept, clean }
    }

    /// Its stored value.
    pub(crate) fn value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(2 * STATE_BYTES + 128);
        value.extend(self.arrivals.to_be_bytes());
        value.extend(self.kept.to_be_bytes());
        value.extend(self.feed.to_be_bytes());
        value.extend(self.latest.to_bytes());
        value.extend(self.last.to_bytes());
        value.extend(self.numbers.iter().flat_map(|number| number.to_be_bytes()));
        value.extend(self.digests.state.to_bytes());
        value.extend(self.digests.log.to_bytes());
        value
    }

    /// From its stored value.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (arrivals, rest) = split_u64(bytes)?;
        let (kept, rest) = split_u64(rest)?;
        let (feed, rest) = split_u64(rest)?;
        let (latest, rest) = rest.split_first_chunk::<{ OpKey::LEN }>()?;
        let (last, rest) = rest.split_first_chunk::<{ OpKey::LEN }>()?;
        let (users, rest) = split_u32(rest)?;
        let (channels, rest) = split_u32(rest)?;
        let (lanes, rest) = split_u32(rest)?;
        let (state, log) = rest.split_at_checked(STATE_BYTES)?;
        Some(Self {
            arrivals,
            kept,
            feed,
            latest: OpKey::from_slice(latest).ok()?,
            last: OpKey::from_slice(last).ok()?,
            numbers: [users, channels, lanes],
            digests: Digests { state: LtHash::from_bytes(state)?, log: LtHash::from_bytes(log)? },
        })
    }
}

/// The stored value of a history.
pub(crate) fn history_value<'a>(stretches: impl Iterator<Item = &'a Stretch>) -> Vec<u8> {
    let mut value = Vec::new();
    for Stretch { generation, before } in stretches {
        value.extend(generation.as_bytes());
        value.extend(before.feed.to_be_bytes());
        value.extend(before.users.to_be_bytes());
        value.extend(before.channels.to_be_bytes());
    }
    value
}

/// The history of a stored value.
pub(crate) fn parse_history(bytes: &[u8]) -> Option<Vec<Stretch>> {
    let (stretches, tail) = bytes.as_chunks::<32>();
    let stretch = |bytes: &[u8; 32]| {
        let (generation, rest) = bytes.split_first_chunk::<{ Generation::LEN }>()?;
        let (feed, rest) = split_u64(rest)?;
        let (users, rest) = split_u32(rest)?;
        let (channels, _) = split_u32(rest)?;
        let before = Given { feed, users, channels };
        Some(Stretch { generation: Generation::from_bytes(*generation), before })
    };
    if tail.is_empty() { stretches.iter().map(stretch).collect() } else { None }
}

/// The stored value of a genesis.
pub(crate) fn genesis_value(genesis: &Genesis) -> Vec<u8> {
    let mut value = genesis.node.as_bytes().to_vec();
    for root in &genesis.roots {
        value.extend(root.user.as_bytes());
        value.extend(root.signing_key.as_bytes());
        value.extend(root.encryption_key.as_bytes());
    }
    value
}

/// The genesis of a stored value.
pub(crate) fn parse_genesis(bytes: &[u8]) -> Option<Genesis> {
    let (node, rest) = bytes.split_first_chunk::<32>()?;
    let (roots, tail) = rest.as_chunks::<96>();
    if !tail.is_empty() {
        return None;
    }
    let root = |bytes: &[u8; 96]| {
        let (user, keys) = bytes.split_first_chunk::<32>()?;
        let (signing, rest) = keys.split_first_chunk::<32>()?;
        Some(Root {
            user: UserId::from_bytes(*user),
            signing_key: VerifyingKey::from_bytes(*signing).ok()?,
            encryption_key: EncryptionKey::from_bytes(rest.try_into().ok()?).ok()?,
        })
    };
    Some(Genesis { node: NodeId::from_bytes(*node), roots: roots.iter().map(root).collect::<Option<_>>()? })
}
