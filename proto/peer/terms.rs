//! What a node has, and wants of an exchange.

use bytes::Bytes;

use super::PeerFrameError;
use crate::{
    hlc::Hlc,
    ids::{ChannelId, NodeId},
    v1,
    wire::{WireError, WireFault},
};

/// What is exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Everything.
    Everything,
    /// The operations on users, and those of these channels: at most 1,024, ascending.
    Channels(Vec<ChannelId>),
}

impl Scopes {
    /// Of any channels, in any order.
    pub fn channels(mut channels: Vec<ChannelId>) -> Self {
        channels.sort_unstable();
        channels.dedup();
        Self::Channels(channels)
    }

    /// What both want.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, common) | (common, Self::Everything) => common.clone(),
            (Self::Channels(one), Self::Channels(other)) => {
                Self::Channels(one.iter().filter(|id| other.binary_search(id).is_ok()).copied().collect())
            }
        }
    }

    /// Whether operations of a channel belong to it; `None`: operations on users.
    pub fn contains(&self, channel: Option<&ChannelId>) -> bool {
        match (self, channel) {
            (Self::Everything, _) | (Self::Channels(_), None) => true,
            (Self::Channels(channels), Some(channel)) => channels.binary_search(channel).is_ok(),
        }
    }
}

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Operations in its log.
    pub operations: u64,
    /// The latest timestamp in its log.
    pub latest: Hlc,
    /// Its log digest.
    pub log_digest: [u8; 32],
    /// Its state digest.
    pub state_digest: [u8; 32],
}

impl Head {
    pub(super) fn decode(wire: Option<&v1::PeerHead>, message: &'static str, field: u32) -> Result<Self, WireError> {
        let wire = wire.ok_or_else(|| WireError::field(message, field, WireFault::Missing))?;
        Ok(Self {
            operations: wire.operations,
            latest: Hlc::from_bits(wire.latest),
            log_digest: array(&wire.log_digest, "PeerHead", 3)?,
            state_digest: array(&wire.state_digest, "PeerHead", 4)?,
        })
    }

    pub(super) fn encode(&self) -> v1::PeerHead {
        v1::PeerHead {
            operations: self.operations,
            latest: self.latest.bits(),
            log_digest: Bytes::copy_from_slice(&self.log_digest),
            state_digest: Bytes::copy_from_slice(&self.state_digest),
        }
    }
}

/// What a node has, and wants of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Version of the exchange.
    pub version: u32,
    /// The number of the rules in force.
    pub ruleset: u32,
    /// Who says this.
    pub node: NodeId,
    /// The state digest of its roots before any operation.
    pub roots: [u8; 32],
    /// What is exchanged.
    pub scopes: Scopes,
    /// It hands over what the other lacks.
    pub pushes: bool,
    /// It takes what it lacks.
    pub pulls: bool,
    /// Operations that may be on their way to it without an outcome; at least 1.
    pub window_operations: u32,
    /// Bytes of operations that may be on their way to it without an outcome; one operation may always be.
    pub window_bytes: u32,
    /// Where it is.
    pub head: Head,
}

impl Terms {
    pub(super) fn decode(wire: &v1::PeerTerms) -> Result<Self, PeerFrameError> {
        let channels = wire.channels.iter().map(|id| Ok(ChannelId::from_bytes(array(id, "PeerTerms", 6)?)));
        let channels: Vec<ChannelId> = channels.collect::<Result<_, WireError>>()?;
        let scopes = if wire.everything { Scopes::Everything } else { Scopes::Channels(channels.clone()) };
        if wire.everything && !channels.is_empty() {
            return Err(PeerFrameError::Terms("everything, and single channels beside it"));
        }
        if !channels.iter().is_sorted_by(|one, next| one < next) {
            return Err(PeerFrameError::Terms("its channels do not ascend"));
        }
        if wire.window_operations == 0 {
            return Err(PeerFrameError::Terms("no operation may be on its way"));
        }
        Ok(Self {
            version: wire.version,
            ruleset: wire.ruleset,
            node: NodeId::from_bytes(array(&wire.node, "PeerTerms", 3)?),
            roots: array(&wire.roots, "PeerTerms", 4)?,
            scopes,
            pushes: wire.pushes,
            pulls: wire.pulls,
            window_operations: wire.window_operations,
            window_bytes: wire.window_bytes,
            head: Head::decode(wire.head.as_ref(), "PeerTerms", 11)?,
        })
    }

    pub(super) fn encode(&self) -> v1::PeerTerms {
        let channels = match &self.scopes {
            Scopes::Everything => Vec::new(),
            Scopes::Channels(channels) => channels.iter().map(|id| Bytes::copy_from_slice(id.as_bytes())).collect(),
        };
        v1::PeerTerms {
            version: self.version,
            ruleset: self.ruleset,
            node: Bytes::copy_from_slice(self.node.as_bytes()),
            roots: Bytes::copy_from_slice(&self.roots),
            everything: self.scopes == Scopes::Everything,
            channels,
            pushes: self.pushes,
            pulls: self.pulls,
            window_operations: self.window_operations,
            window_bytes: self.window_bytes,
            head: Some(self.head.encode()),
        }
    }
}

fn array(bytes: &Bytes, message: &'static str, field: u32) -> Result<[u8; 32], WireError> {
    bytes.as_ref().try_into().map_err(|_| WireError::field(message, field, WireFault::Missing))
}
