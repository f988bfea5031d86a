//! How much somebody may do in a second: buckets of tokens, by governor. A bucket holds one second's worth, so a pause
//! earns a burst and no more.

use std::{hash::Hash, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::HashMapStateStore,
};

/// Buckets of one kind that are remembered. A full bucket is forgotten first; it says nothing.
const BUCKETS_MAX: usize = 65_536;

/// The rates of many, each known by its key.
#[derive(Debug)]
pub struct Rates<K: Clone + Eq + Hash> {
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, DefaultClock>>,
    clock: DefaultClock,
}

impl<K: Clone + Eq + Hash> Rates<K> {
    /// So many a second for each; 0: any number.
    pub fn per_second(number: usize) -> Self {
        let quota = u32::try_from(number).ok().and_then(NonZeroU32::new).map(Quota::per_second);
        Self { limiter: quota.map(RateLimiter::hashmap), clock: DefaultClock::default() }
    }

    /// Whether somebody may do one more thing now; counts it if so.
    pub fn admit(&self, key: &K) -> bool {
        self.delay(key).is_none()
    }

    /// How long somebody has to wait until one more thing; nothing if it may be now, and then it is counted.
    pub fn delay(&self, key: &K) -> Option<Duration> {
        let limiter = self.limiter.as_ref()?;
        if limiter.len() >= BUCKETS_MAX {
            limiter.retain_recent();
            // As many as there are places did something within the last second. The next one waits for a place.
            if limiter.len() >= BUCKETS_MAX {
                return Some(Duration::from_secs(1));
            }
        }
        limiter.check_key(key).err().map(|until| until.wait_time_from(self.clock.now()))
    }
}
