//! `ranks`: the operations of a channel, counted in buckets of consecutive keys, and the channel as a whole. The counts of
//! accepted messages give positions; counts and sums of ids of all logged ones are the range fingerprints of set
//! reconciliation. Buckets count what is logged, whatever its verdict, so they never shrink, and none holds more than can
//! be scanned.
//!
//! ```text
//! key    channel u32 (0: operations on users)                 the channel as a whole
//! value  version u64 | buckets u64 | logged u64 | accepted u64 | sum of operation ids 32 (mod 2^256)
//!
//! key    channel u32 | first OpKey 40                         a bucket; the first one begins at zeros
//! value  logged u32 | accepted u32 | sum of operation ids 32 (mod 2^256)
//! ```
//! The version counts the batches that changed the buckets of the channel.

use dmpc::{OpId, OpKey};

use super::{ChannelNo, split_u32, split_u64};

/// Operations of a bucket; a fuller one is split.
pub(crate) const BUCKET_MAX: u32 = 256;

/// A sum of operation ids, as numbers of 256 bits, mod 2^256. The least significant 64 bits come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IdSum([u64; 4]);

impl IdSum {
    /// Of one id.
    pub(crate) fn of(id: &OpId) -> Self {
        Self::from_bytes(id.as_bytes())
    }

    /// The sum of two.
    pub(crate) fn plus(mut self, other: Self) -> Self {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, first || second);
        }
        self
    }

    /// What is left when `other` is taken away.
    pub(crate) fn minus(mut self, other: Self) -> Self {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (rest, first) = limb.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (rest, first || second);
        }
        self
    }

    /// As 32 big-endian bytes.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (place, limb) in bytes.chunks_exact_mut(8).rev().zip(self.0) {
            place.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    /// From 32 big-endian bytes.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
            *limb = chunk.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        }
        Self(limbs)
    }
}

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
