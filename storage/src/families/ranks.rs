//! `ranks`: accepted messages of a channel, counted in buckets of consecutive keys. A position is a sum over buckets and a
//! scan of one. The sums of ids are the range fingerprints of set reconciliation.
//!
//! ```text
//! key    channel u32 | first OpKey 40    (the first bucket of a channel begins at zeros)
//! value  count u32 | sum of operation ids 32 (mod 2^256, big-endian)
//! ```

use dmpc::{OpId, OpKey};

use super::{ChannelNo, split_u32};

/// Accepted messages in a bucket; a fuller one is split.
pub(crate) const BUCKET_MAX: u32 = 256;

/// The count and sum of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Accepted messages.
    pub(crate) count: u32,
    /// Sum of their ids.
    pub(crate) sum: [u8; 32],
}

impl Bucket {
    /// With one more.
    pub(crate) fn with(self, id: &OpId) -> Self {
        Self { count: self.count.saturating_add(1), sum: add(self.sum, id.as_bytes()) }
    }

    /// With one fewer.
    pub(crate) fn without(self, id: &OpId) -> Self {
        Self { count: self.count.saturating_sub(1), sum: add(self.sum, &negate(id.as_bytes())) }
    }
}

fn add(mut sum: [u8; 32], other: &[u8; 32]) -> [u8; 32] {
    let mut carry = 0_u16;
    for (byte, other) in sum.iter_mut().zip(other).rev() {
        let total = u16::from(*byte) + u16::from(*other) + carry;
        let [high, low] = total.to_be_bytes();
        *byte = low;
        carry = u16::from(high);
    }
    sum
}

fn negate(bytes: &[u8; 32]) -> [u8; 32] {
    let mut one = [0; 32];
    let [.., last] = &mut one;
    *last = 1;
    add(bytes.map(|byte| !byte), &one)
}

/// What all buckets of a channel begin with.
pub(crate) fn prefix(channel: ChannelNo) -> [u8; 4] {
    channel.0.to_be_bytes()
}

/// The key of a bucket.
pub(crate) fn key(channel: ChannelNo, first: &OpKey) -> Vec<u8> {
    [prefix(channel).as_slice(), &first.to_bytes()].concat()
}

/// The first operation's key of a stored key.
pub(crate) fn parse_key(bytes: &[u8]) -> Option<OpKey> {
    OpKey::from_slice(bytes.get(4..)?).ok()
}

/// The value of a bucket.
pub(crate) fn value(bucket: &Bucket) -> Vec<u8> {
    [bucket.count.to_be_bytes().as_slice(), &bucket.sum].concat()
}

/// The bucket of a stored value.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<Bucket> {
    let (count, sum) = split_u32(bytes)?;
    Some(Bucket { count, sum: sum.try_into().ok()? })
}
