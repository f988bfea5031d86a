//! Hybrid logical time. Source: docs/PROTOCOL.md, "Logical time"; Kulkarni et al., "Logical Physical Clocks", 2014.

use std::fmt;

/// Bits of the counter below the milliseconds.
const COUNTER_BITS: u32 = 16;
/// The greatest number of milliseconds since 1970 that a timestamp holds: 2^48 - 1, in the year 10889.
pub const MILLIS_MAX: u64 = (1 << 48) - 1;

/// A hybrid logical timestamp: 48 bits of milliseconds since 1970, 16 bits of counter. Its big-endian bytes sort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hlc(u64);

impl Hlc {
    /// Before every operation; only the node's roots stand here.
    pub const ZERO: Self = Self(0);
    /// After every operation.
    pub const MAX: Self = Self(u64::MAX);

    /// From its 64 bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The first timestamp of a millisecond; a later one than [`MILLIS_MAX`] is cut to it.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis.min(MILLIS_MAX) << COUNTER_BITS)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0 >> COUNTER_BITS
    }

    /// The counter within the millisecond.
    pub const fn counter(self) -> u64 {
        self.0 & ((1 << COUNTER_BITS) - 1)
    }

    /// The timestamp after this one; `None` at the end of time.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The least timestamp above `seen` that is not before `now_millis`; `None` at the end of time.
    pub fn tick(seen: Self, now_millis: u64) -> Option<Self> {
        Some(seen.next()?.max(Self::from_millis(now_millis)))
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.millis(), self.counter())
    }
}

impl fmt::Debug for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hlc({self})")
    }
}
