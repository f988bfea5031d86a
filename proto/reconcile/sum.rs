//! Sums of ids, and the fingerprints that they give.

use sha2::{Digest, Sha256};

use super::varint;
use crate::ids::OpId;

/// Bytes of a fingerprint.
pub const FINGERPRINT_BYTES: usize = 16;

/// What a range holds, for comparing: equal for equal sets. For finding what differs and never for an audit: whoever can
/// choose ids can choose other ids with the same sum.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// A sum of operation ids, as little-endian numbers of 256 bits, mod 2^256. The least significant 64 bits come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdSum([u64; 4]);

impl IdSum {
    /// Of one id.
    pub fn of(id: &OpId) -> Self {
        Self::from_bytes(id.as_bytes())
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, first || second);
        }
        self
    }

    /// What is left when `other` is taken away.
    #[must_use]
    pub fn minus(mut self, other: Self) -> Self {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (rest, first) = limb.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (rest, first || second);
        }
        self
    }

    /// As 32 little-endian bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (place, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    /// From 32 little-endian bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*chunk);
        }
        Self(limbs)
    }

    /// The fingerprint of so many ids with this sum: the first bytes of SHA-256 over the sum and the number.
    pub fn fingerprint(self, count: u64) -> Fingerprint {
        let mut bytes = self.to_bytes().to_vec();
        varint::write(&mut bytes, count);
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.iter_mut().zip(hash).for_each(|(place, byte)| *place = byte);
        fingerprint
    }
}
