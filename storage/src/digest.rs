//! Digests: homomorphic multiset hashes, kept by adding and removing elements in any order.
//! Source: docs/PROTOCOL.md, "Digests"; Lewi et al., "Securing Update Propagation with Homomorphic Hashing" (LtHash), 2019.

use std::fmt;

use dmpc::{ChannelId, OpId, OpKey, hash::Domain};

use crate::{
    Genesis, RULESET,
    projection::register::{Register, Value},
};

/// 16-bit lanes of the hash's state.
const LANES: usize = 1024;
/// Bytes of the hash's state.
pub const STATE_BYTES: usize = LANES * 2;
/// First byte of an element that stands for an accepted message; registers have others.
const MESSAGE_TAG: u8 = 0x80;

/// A multiset hash: equal for equal multisets, whatever the order of additions and removals.
#[derive(Clone, PartialEq, Eq)]
pub struct LtHash(Box<[u16; LANES]>);

impl Default for LtHash {
    fn default() -> Self {
        Self(Box::new([0; LANES]))
    }
}

impl LtHash {
    /// Adds an element.
    pub fn add(&mut self, element: &[u8]) {
        self.apply(element, u16::wrapping_add);
    }

    /// Removes an element.
    pub fn remove(&mut self, element: &[u8]) {
        self.apply(element, u16::wrapping_sub);
    }

    /// Adds all elements of another.
    pub fn merge(&mut self, other: &Self) {
        for (lane, other) in self.0.iter_mut().zip(other.0.iter()) {
            *lane = lane.wrapping_add(*other);
        }
    }

    fn apply(&mut self, element: &[u8], with: fn(u16, u16) -> u16) {
        let mut expanded = [0; STATE_BYTES];
        Domain::DigestElement.hasher().update(element).finalize_xof().fill(&mut expanded);
        for (lane, bytes) in self.0.iter_mut().zip(expanded.as_chunks::<2>().0) {
            *lane = with(*lane, u16::from_le_bytes(*bytes));
        }
    }

    /// Its state, to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    /// From the state that [`LtHash::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != STATE_BYTES {
            return None;
        }
        let mut hash = Self::default();
        for (lane, bytes) in hash.0.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *lane = u16::from_le_bytes(*bytes);
        }
        Some(hash)
    }
}

impl fmt::Debug for LtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LtHash({})", blake3::hash(&self.to_bytes()).to_hex())
    }
}

/// The digests of a node: over its state and over its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// Over effective facts and accepted messages.
    pub state: LtHash,
    /// Over the ids of all logged operations.
    pub log: LtHash,
}

impl Digests {
    /// The state digest: over ruleset, roots, and the state.
    pub fn state_digest(&self, genesis: &Genesis) -> [u8; 32] {
        let mut hasher = Domain::StateDigest.hasher();
        hasher.update(&RULESET.to_be_bytes());
        hasher.update(&u64::try_from(genesis.roots.len()).unwrap_or(u64::MAX).to_be_bytes());
        for root in &genesis.roots {
            hasher.update(root.user.as_bytes());
            hasher.update(root.signing_key.as_bytes());
            hasher.update(root.encryption_key.as_bytes());
        }
        hasher.update(&self.state.to_bytes());
        *hasher.finalize().as_bytes()
    }

    /// The log digest: over the ids of all logged operations.
    pub fn log_digest(&self) -> [u8; 32] {
        log_digest(&self.log)
    }
}

/// The log digest of the elements of operations.
pub fn log_digest(elements: &LtHash) -> [u8; 32] {
    Domain::LogDigest.hash(&[&elements.to_bytes()])
}

/// The digest of one channel, comparable between nodes with other roots.
pub fn channel_digest(channel: &ChannelId, elements: &LtHash) -> [u8; 32] {
    Domain::ChannelDigest.hash(&[channel.as_bytes(), &elements.to_bytes()])
}

/// The element of a fact; `None` when digests leave it out.
pub fn fact_element(register: &Register, key: &OpKey, value: &Value) -> Option<Vec<u8>> {
    let register = register.digest_bytes()?;
    Some([register.as_slice(), &key.to_bytes(), &value.to_bytes()].concat())
}

/// The element of an accepted message.
pub fn message_element(channel: &ChannelId, key: &OpKey) -> Vec<u8> {
    [&[MESSAGE_TAG], channel.as_bytes().as_slice(), &key.to_bytes()].concat()
}

/// The element of a logged operation.
pub fn log_element(id: &OpId) -> &[u8] {
    id.as_bytes()
}
