//! Lanes: the hash chains in which signatures stand, one of each signing key for each channel or for none.

use std::collections::HashMap;

use dmpc::{ChannelId, Hlc, LaneId, OpId, SignedOperation, UserId, keys::VerifyingKey, operation::Link};
use rand_core::{CryptoRng, RngCore};

/// Whose lane for which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneKey {
    /// The certifier.
    pub user: UserId,
    /// The key that it signs with.
    pub key: VerifyingKey,
    /// The channel, or none.
    pub channel: Option<ChannelId>,
}

impl LaneKey {
    /// The lane that an operation stands in.
    pub fn of(operation: &SignedOperation) -> Self {
        Self { user: operation.certifier(), key: operation.certifier_key(), channel: operation.channel() }
    }
}

/// The last operation of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place.
    pub link: Link,
    /// Its id.
    pub id: OpId,
    /// Its timestamp; the next one's is greater.
    pub timestamp: Hlc,
}

/// The lanes of one outbox.
#[derive(Debug, Default)]
pub struct Lanes {
    heads: HashMap<LaneKey, Head>,
}

impl Lanes {
    /// The last operation of a lane.
    pub fn head(&self, lane: &LaneKey) -> Option<&Head> {
        self.heads.get(lane)
    }

    /// The place of the next operation of a lane, a new lane where there is none; `None` at the end of a lane.
    pub fn next<R: RngCore + CryptoRng>(&self, lane: &LaneKey, rng: &mut R) -> Option<Link> {
        let Some(head) = self.heads.get(lane) else {
            let mut id = [0; LaneId::LEN];
            rng.fill_bytes(&mut id);
            return Some(Link::first(LaneId::from_bytes(id)));
        };
        head.link.next(head.id)
    }

    /// Takes an operation for the last one of its lane.
    pub fn advance(&mut self, operation: &SignedOperation) {
        let head = Head { link: operation.link(), id: operation.id(), timestamp: operation.timestamp() };
        self.heads.insert(LaneKey::of(operation), head);
    }

    /// Forgets a lane: what follows starts a new one.
    pub fn end(&mut self, lane: &LaneKey) {
        self.heads.remove(lane);
    }

    /// Forgets every lane: what follows starts new ones.
    pub fn restart(&mut self) {
        self.heads.clear();
    }
}
