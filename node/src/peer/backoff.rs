//! How long a node waits before it dials a peer again: twice as long each time, up to a bound, and a part of that by chance, so
//! that nodes which lost each other at one moment do not meet at one moment again. Pure: the chance is an argument.

use std::time::Duration;

/// The first wait, at most.
const FIRST: Duration = Duration::from_millis(200);
/// Every wait, at most.
const LONGEST: Duration = Duration::from_secs(15);

/// The waits of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait: between a half and the whole of what it may be, as `chance` says.
    pub fn next(&mut self, chance: u64) -> Duration {
        let whole = FIRST.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(half.saturating_add(chance % half))
    }

    /// The peer was reached: the next wait is a short one.
    pub fn reached(&mut self) {
        self.failures = 0;
    }
}
