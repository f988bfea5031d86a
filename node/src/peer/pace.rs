//! How fast is taken from a peer: operations and bytes a second, by governor. Who sends faster is not read from meanwhile.

use std::num::NonZeroU32;

use dmpc::{peer_settings::PeerSettings, wire::schemas::PEER_FRAME_BYTES_MAX};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::{InMemoryState, NotKeyed},
};
use tokio::time::sleep;

use crate::config::PEER_FRAME_OPERATIONS_MAX;

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

/// See the module.
#[derive(Debug)]
pub(super) struct Pace {
    operations: Option<Limiter>,
    bytes: Option<Limiter>,
    clock: DefaultClock,
}

impl Pace {
    pub(super) fn of(settings: &PeerSettings) -> Self {
        let frame = u32::try_from(PEER_FRAME_BYTES_MAX).unwrap_or(u32::MAX);
        Self {
            operations: limiter(settings.operations_per_second, PEER_FRAME_OPERATIONS_MAX),
            bytes: limiter(settings.bytes_per_second, frame),
            clock: DefaultClock::default(),
        }
    }

    /// Waits until so many operations are allowed, and counts them.
    pub(super) async fn operations(&self, number: usize) {
        self.wait(self.operations.as_ref(), number).await;
    }

    /// Waits until so many bytes are allowed, and counts them.
    pub(super) async fn bytes(&self, number: usize) {
        self.wait(self.bytes.as_ref(), number).await;
    }

    async fn wait(&self, limiter: Option<&Limiter>, number: usize) {
        let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
        let (Some(limiter), Some(number)) = (limiter, number) else { return };
        // A number over the burst would never be allowed; frames are bounded by it.
        while let Ok(Err(until)) = limiter.check_n(number) {
            sleep(until.wait_time_from(self.clock.now())).await;
        }
    }
}

/// So many a second, and at most one frame of them at once; 0: any number.
fn limiter(number: u32, burst: u32) -> Option<Limiter> {
    let (number, burst) = (NonZeroU32::new(number)?, NonZeroU32::new(burst)?);
    Some(RateLimiter::direct(Quota::per_second(number).allow_burst(burst.max(number))))
}
