//! Hashing with domain separation: every hash and every signed message has a context string of its own.
//! Source: docs/PROTOCOL.md, "Domains".

use std::sync::OnceLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

/// What a hash is for. Two domains never give the same hash for the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// User id: the fingerprint of the two genesis public keys.
    UserId,
    /// Node id: the fingerprint of a node's two public keys.
    NodeId,
    /// Channel id: issuer and open payload.
    ChannelId,
    /// Operation id: length-prefixed body, certification.
    OperationId,
    /// Issue id: the body.
    IssueId,
    /// Key id of an epoch: its key.
    KeyId,
    /// Key that seals content: epoch key, channel.
    ContentKey,
    /// Message signed by an issuer that certifies itself.
    SignOperation,
    /// Message signed by an issuer that somebody else certifies.
    SignIssue,
    /// Message signed by a certifier.
    SignCertification,
    /// Message signed by a user's new signing key.
    SignCountersignature,
    /// Message signed by who asks to read.
    SignRequest,
    /// Message signed by a node to prove who it is.
    SignNodeInfo,
    /// One element of a multiset digest, expanded.
    DigestElement,
    /// State digest of a node.
    StateDigest,
    /// Log digest of a node.
    LogDigest,
    /// Digest of one channel.
    ChannelDigest,
    /// Checksum of a slot of the HEAD file.
    HeadSlot,
    /// Checksum of an exported log.
    LogFile,
}

/// How many domains there are.
const DOMAINS: usize = Domain::LogFile as usize + 1;

impl Domain {
    /// The context string, as `blake3::derive_key` takes it.
    pub const fn context(self) -> &'static str {
        match self {
            Self::UserId => "dmpc v1 user id",
            Self::NodeId => "dmpc v1 node id",
            Self::ChannelId => "dmpc v1 channel",
            Self::OperationId => "dmpc v1 operation id",
            Self::IssueId => "dmpc v1 issue id",
            Self::KeyId => "dmpc v1 key id",
            Self::ContentKey => "dmpc v1 content key",
            Self::SignOperation => "dmpc v1 sign operation",
            Self::SignIssue => "dmpc v1 sign issue",
            Self::SignCertification => "dmpc v1 sign certification",
            Self::SignCountersignature => "dmpc v1 sign countersignature",
            Self::SignRequest => "dmpc v1 sign request",
            Self::SignNodeInfo => "dmpc v1 sign node info",
            Self::DigestElement => "dmpc v1 digest element",
            Self::StateDigest => "dmpc v1 state digest",
            Self::LogDigest => "dmpc v1 log digest",
            Self::ChannelDigest => "dmpc v1 channel digest",
            Self::HeadSlot => "dmpc v1 head slot",
            Self::LogFile => "dmpc v1 log file",
        }
    }

    /// A hasher for this domain, for callers that need more than 32 bytes of output.
    pub fn hasher(self) -> blake3::Hasher {
        blake3::Hasher::new_from_context_key(&self.context_key())
    }

    /// What BLAKE3 makes of the context string before it sees any input: the same each time, so it is made once.
    fn context_key(self) -> ContextKey {
        static KEYS: [OnceLock<ContextKey>; DOMAINS] = [const { OnceLock::new() }; DOMAINS];
        let make = || hash_derive_key_context(self.context());
        KEYS.get(self as usize).map_or_else(make, |key| *key.get_or_init(make))
    }

    /// Hashes the concatenation of `parts`. Callers see to it that the parts' lengths are fixed or prefixed.
    pub fn hash(self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = self.hasher();
        for part in parts {
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }
}
