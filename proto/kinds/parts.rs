//! How members and wraps that do not fit one operation are spread over several. Pure: what is to be said goes in, payloads
//! that are each within the limits come out. Source: docs/PROTOCOL.md, "Large channels".
//!
//! The order is kept, and each operation takes as much as fits: no other way that keeps the order needs fewer operations.

use std::collections::BTreeMap;

use super::{
    Kind,
    channel_epoch::ChannelEpoch,
    channel_members::ChannelMembers,
    wraps::{EpochWraps, Member, Wrap},
};
use crate::{
    ids::{KeyId, UserId},
    permissions::Rights,
    wire::schemas::{MEMBERS_EPOCHS_MAX, MEMBERS_MAX, OPERATION_BYTES_MAX, WRAPS_MAX},
};

/// Bytes that an operation has beside its payload, at most: header, certification, both signatures, and their framing.
const ENVELOPE_BYTES_MAX: usize = 1_024;
/// Bytes of a payload, so that its operation is within [`OPERATION_BYTES_MAX`] whoever certifies it.
pub const PAYLOAD_BYTES_MAX: usize = OPERATION_BYTES_MAX - ENVELOPE_BYTES_MAX;
/// Bytes of tag and length of a field that holds a message of less than 2 MiB.
const FRAME_BYTES_MAX: usize = 4;
/// Bytes of an id in a repeated field.
const ID_BYTES: usize = 34;
/// Bytes of what stands in an `EpochWraps` beside its wraps.
const EPOCH_BYTES_MAX: usize = FRAME_BYTES_MAX + ID_BYTES;
/// Bytes of a wrap as age makes them, to say how many members a genesis takes. (age adds up to a few hundred at random.)
const WRAP_BYTES_TYPICAL: usize = 560;

/// One of several operations that together change a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A `channel.members`.
    Members {
        /// Members set. Ascending.
        set: Vec<Member>,
        /// Members removed. Ascending.
        remove: Vec<UserId>,
        /// Wraps for those who are set. Ascending by key id.
        epochs: Vec<EpochWraps>,
    },
    /// A `channel.epoch`.
    Epoch(EpochWraps),
}

impl Part {
    /// The kind of its operation.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Members { .. } => Kind::ChannelMembers,
            Self::Epoch(_) => Kind::ChannelEpoch,
        }
    }

    /// The payload of its operation.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Members { set, remove, epochs } => ChannelMembers::encode(set, remove, epochs),
            Self::Epoch(epoch) => ChannelEpoch::encode(epoch),
        }
    }
}

/// Spreads the wraps of one epoch, ascending, over as few `channel.epoch` as can carry them; at least one, which opens the epoch.
pub fn epoch_parts(epoch: EpochWraps) -> Vec<Part> {
    let EpochWraps { key_id, wraps } = epoch;
    let mut parts = vec![EpochWraps { key_id, wraps: Vec::new() }];
    let mut bytes = EPOCH_BYTES_MAX;
    for wrap in wraps {
        let more = wrap_bytes(&wrap);
        let full = parts.last().is_some_and(|part| part.wraps.len() >= WRAPS_MAX);
        if full || bytes + more > PAYLOAD_BYTES_MAX {
            parts.push(EpochWraps { key_id, wraps: Vec::new() });
            bytes = EPOCH_BYTES_MAX;
        }
        bytes += more;
        if let Some(part) = parts.last_mut() {
            part.wraps.push(wrap);
        }
    }
    parts.into_iter().map(Part::Epoch).collect()
}

/// Spreads a change of members over as few operations as can carry it: those who are removed first, then those who are set,
/// each with its wraps. Members and removed users ascend, each user once. `epochs` stand oldest first; each has wraps of users
/// who are set, ascending, one for each user. Wraps of epochs before the last 64 follow in `channel.epoch`.
pub fn members_parts(set: &[Member], remove: &[UserId], mut epochs: Vec<EpochWraps>) -> Vec<Part> {
    epochs.retain(|epoch| !epoch.wraps.is_empty());
    let riding = epochs.split_off(epochs.len().saturating_sub(MEMBERS_EPOCHS_MAX));
    let mut riding: Vec<_> =
        riding.into_iter().map(|epoch| (epoch.key_id, epoch.wraps.into_iter().peekable())).collect();
    let removed = remove.iter().map(|user| Item::Remove(*user));
    let added = set.iter().map(|member| {
        let own = |wrap: &Wrap| wrap.user == member.user;
        let wraps = riding.iter_mut().filter_map(|(key_id, wraps)| Some((*key_id, wraps.next_if(own)?)));
        Item::Set(*member, wraps.collect())
    });
    let mut loads: Vec<Load> = Vec::new();
    for item in removed.chain(added) {
        match loads.last_mut() {
            Some(load) if load.has_room(&item) => load.take(item),
            _ => {
                let mut load = Load::default();
                load.take(item);
                loads.push(load);
            }
        }
    }
    debug_assert!(riding.iter_mut().all(|(_, wraps)| wraps.next().is_none()), "a wrap for one who is not set");
    loads.into_iter().map(Load::into_part).chain(epochs.into_iter().flat_map(epoch_parts)).collect()
}

/// How many of the first members, ascending, a genesis takes so that the wraps of those who read find room beside it, as far
/// as their size can be foretold. The rest is for [`members_parts`].
pub fn genesis_members(name: &str, members: &[Member]) -> usize {
    // Nonce, key id and the opener's own wrap.
    let mut bytes = FRAME_BYTES_MAX * 2 + ID_BYTES * 2 + name.len() + WRAP_BYTES_TYPICAL;
    let fits = members.iter().take(MEMBERS_MAX.min(WRAPS_MAX - 1)).take_while(|member| {
        bytes += member_bytes(member) + if member.rights.contains(Rights::READ) { WRAP_BYTES_TYPICAL } else { 0 };
        bytes <= PAYLOAD_BYTES_MAX
    });
    fits.count()
}

/// How many of the first wraps stand in a `channel.open` beside an encoded genesis. The rest is for [`epoch_parts`].
pub fn open_wraps(genesis: &[u8], wraps: &[Wrap]) -> usize {
    let mut bytes = FRAME_BYTES_MAX + genesis.len();
    let fits = wraps.iter().take(WRAPS_MAX).take_while(|wrap| {
        bytes += wrap_bytes(wrap);
        bytes <= PAYLOAD_BYTES_MAX
    });
    fits.count()
}

/// Bytes of a wrap in a repeated field.
fn wrap_bytes(wrap: &Wrap) -> usize {
    let wire = wrap.to_wire();
    prost::encoding::message::encoded_len(2, &wire)
}

/// Bytes of a member in a repeated field.
fn member_bytes(member: &Member) -> usize {
    prost::encoding::message::encoded_len(1, &member.to_wire())
}

/// What stands in one `channel.members` or not at all.
enum Item {
    Remove(UserId),
    Set(Member, Vec<(KeyId, Wrap)>),
}

/// A `channel.members` that is being filled.
#[derive(Default)]
struct Load {
    set: Vec<Member>,
    remove: Vec<UserId>,
    epochs: BTreeMap<KeyId, Vec<Wrap>>,
    wraps: usize,
    bytes: usize,
}

impl Load {
    fn has_room(&self, item: &Item) -> bool {
        let (wraps, new_epochs) = match item {
            Item::Remove(_) => (0, 0),
            Item::Set(_, wraps) => {
                (wraps.len(), wraps.iter().filter(|(key_id, _)| !self.epochs.contains_key(key_id)).count())
            }
        };
        self.set.len() + self.remove.len() < MEMBERS_MAX
            && self.wraps + wraps <= WRAPS_MAX
            && self.epochs.len() + new_epochs <= MEMBERS_EPOCHS_MAX
            && self.bytes + self.bytes_of(item) <= PAYLOAD_BYTES_MAX
    }

    /// Bytes that an item adds.
    fn bytes_of(&self, item: &Item) -> usize {
        match item {
            Item::Remove(_) => ID_BYTES,
            Item::Set(member, wraps) => {
                let new = |key_id| if self.epochs.contains_key(key_id) { 0 } else { EPOCH_BYTES_MAX };
                let wraps = wraps.iter().map(|(key_id, wrap)| new(key_id) + wrap_bytes(wrap));
                member_bytes(member) + wraps.sum::<usize>()
            }
        }
    }

    fn take(&mut self, item: Item) {
        self.bytes += self.bytes_of(&item);
        match item {
            Item::Remove(user) => self.remove.push(user),
            Item::Set(member, wraps) => {
                self.set.push(member);
                self.wraps += wraps.len();
                wraps.into_iter().for_each(|(key_id, wrap)| self.epochs.entry(key_id).or_default().push(wrap));
            }
        }
    }

    fn into_part(self) -> Part {
        let epochs = self.epochs.into_iter().map(|(key_id, wraps)| EpochWraps { key_id, wraps });
        Part::Members { set: self.set, remove: self.remove, epochs: epochs.collect() }
    }
}
