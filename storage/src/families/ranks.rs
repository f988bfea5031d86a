//! `ranks`: the operations of a channel, counted in buckets of consecutive keys, and the channel as a whole. The counts of
//! accepted messages give positions; counts and sums of ids of all logged ones are the range fingerprints of set
//! reconciliation. Buckets count what is logged, whatever its verdict, so they never shrink, and none holds more than can
//! be scanned. The log as a whole is counted in the same way, as one more channel without accepted messages.
//!
//! ```text
//! key    channel u32 (0: operations on users, 2^32 - 1: all)   the channel as a whole
//! value  version u64 | buckets u64 | logged u64 | accepted u64 | sum of operation ids 32
//!
//! key    channel u32 | first OpKey 40                          a bucket; the first one begins at zeros
//! value  logged u32 | accepted u32 | sum of operation ids 32
//! ```
//! Sums are of little-endian numbers, mod 2^256, as negentropy has them. The version counts the batches that changed the buckets of the channel.

use dmpc::{OpKey, reconcile::IdSum};

use super::{ChannelNo, split_u32, split_u64};

/// Operations of a bucket; a fuller one is split.
pub(crate) const BUCKET_MAX: u32 = 256;

/// What a bucket counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Logged operations.
    pub(crate) logged: u32,
    /// Accepted messages among them.
    pub(crate) accepted: u32,
    /// Sum of the ids of what is logged.
    pub(crate) sum: IdSum,
}

/// What the buckets of a channel count together, or some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Buckets.
    pub(crate) buckets: u64,
    /// Logged operations.
    pub(crate) logged: u64,
    /// Accepted messages among them.
    pub(crate) accepted: u64,
    /// Sum of the ids of what is logged.
    pub(crate) sum: IdSum,
}

impl Totals {
    /// With those of `other`.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            buckets: self.buckets + other.buckets,
            logged: self.logged + other.logged,
            accepted: self.accepted + other.accepted,
            sum: self.sum.plus(other.sum),
        }
    }

    /// With one bucket more.
    pub(crate) fn with(self, bucket: &Bucket) -> Self {
        let Bucket { logged, accepted, sum } = *bucket;
        self.plus(Self { buckets: 1, logged: u64::from(logged), accepted: u64::from(accepted), sum })
    }
}

/// What all entries of a channel begin with; the key of the channel as a whole.
pub(crate) fn prefix(channel: ChannelNo) -> [u8; 4] {
    channel.0.to_be_bytes()
}

/// The value of a channel as a whole.
pub(crate) fn whole_value(version: u64, totals: &Totals) -> Vec<u8> {
    let numbers = [version, totals.buckets, totals.logged, totals.accepted].map(u64::to_be_bytes);
    [numbers.as_flattened(), &totals.sum.to_bytes()].concat()
}

/// The version and totals of a stored value.
pub(crate) fn parse_whole(bytes: &[u8]) -> Option<(u64, Totals)> {
    let (version, rest) = split_u64(bytes)?;
    let (buckets, rest) = split_u64(rest)?;
    let (logged, rest) = split_u64(rest)?;
    let (accepted, rest) = split_u64(rest)?;
    let sum = IdSum::from_bytes(rest.try_into().ok()?);
    Some((version, Totals { buckets, logged, accepted, sum }))
}

/// The key of a bucket.
pub(crate) fn key(channel: ChannelNo, first: &OpKey) -> Vec<u8> {
    [prefix(channel).as_slice(), &first.to_bytes()].concat()
}

/// The first operation's key of a stored key of a bucket.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes.get(4..)?).ok()
}

/// The value of a bucket.
pub(crate) fn value(bucket: &Bucket) -> Vec<u8> {
    let counts = [bucket.logged, bucket.accepted].map(u32::to_be_bytes);
    [counts.as_flattened(), &bucket.sum.to_bytes()].concat()
}

/// The bucket of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Bucket> {
    let (logged, rest) = split_u32(bytes)?;
    let (accepted, rest) = split_u32(rest)?;
    Some(Bucket { logged, accepted, sum: IdSum::from_bytes(rest.try_into().ok()?) })
}
