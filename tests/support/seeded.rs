//! Randomness and time for tests: a seed and a number determine them.

use dmpc::Hlc;
use rand_core::{CryptoRng, RngCore};

/// A timestamp so many milliseconds after the beginning of 2024.
pub(crate) fn at(millis: u64) -> Hlc {
    Hlc::from_millis(1_704_067_200_000 + millis)
}

/// Random bytes that a seed determines: the extended output of blake3.
pub(crate) struct Seeded(blake3::OutputReader);

impl Seeded {
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dmpc tests seeded randomness");
        hasher.update(&seed.to_be_bytes()).update(label.as_bytes());
        Self(hasher.finalize_xof())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, near enough to uniform for tests.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_u64() % u64::try_from(bound).unwrap()).unwrap()
    }
}

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Seeded {}
