//! The only reader of the system's clock and randomness, beside the binary. Everything else is given a [`Clock`] and a
//! generator of random numbers, so that tests decide what time it is.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rand_core::{CryptoRng, OsRng, RngCore, impls};

/// Says what time it is; cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The system's clock. Before 1970 it stands at 1970.
    pub fn system() -> Self {
        Self::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// A clock that a function tells.
    pub fn from_fn(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Bytes drawn from the system at a time: batch verification takes 16 for each signature, too few for a system call.
const DRAW_BYTES: usize = 4_096;

/// The system's randomness, drawn in larger pieces. What was handed out is wiped.
pub struct SystemRandom {
    drawn: Box<[u8; DRAW_BYTES]>,
    used: usize,
}

impl SystemRandom {
    /// Draws nothing yet.
    pub fn new() -> Self {
        Self { drawn: Box::new([0; DRAW_BYTES]), used: DRAW_BYTES }
    }

    fn next(&mut self) -> u8 {
        if self.used >= DRAW_BYTES {
            OsRng.fill_bytes(self.drawn.as_mut());
            self.used = 0;
        }
        let byte = self.drawn.get_mut(self.used).map(std::mem::take).unwrap_or_default();
        self.used += 1;
        byte
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemRandom")
    }
}

impl RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, target: &mut [u8]) {
        target.fill_with(|| self.next());
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(target);
        Ok(())
    }
}

impl CryptoRng for SystemRandom {}
