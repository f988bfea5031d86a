//! Where time and randomness come from. Nothing else of the command line reads them; everything gets them from the context.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_core::OsRng;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    read: fn() -> SystemTime,
}

impl Clock {
    /// The clock of the machine.
    pub const fn system() -> Self {
        Self { read: SystemTime::now }
    }

    /// Milliseconds since 1970; 0 before it.
    pub fn now_ms(&self) -> u64 {
        let since = (self.read)().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Draws randomness.
pub type Random = OsRng;

/// The randomness of the machine.
pub const fn random() -> Random {
    OsRng
}
