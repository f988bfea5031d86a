//! Messages that have arrived in part: how much memory they take, over all connections. Whoever begins many large messages and
//! ends none is refused when the pool is used up, and whoever takes too long over one in any case; whoever sends small ones
//! needs nothing of the pool.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::config::ARRIVING_FREE_BYTES;

/// The pool, in bytes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Arriving(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    used: AtomicUsize,
    max: usize,
    patience: Duration,
}

/// The pool is used up, or a message had part of it for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Arriving {
    /// A pool of so many bytes, of which a message may have part for so long.
    pub fn new(max: usize, patience: Duration) -> Self {
        Self(Arc::new(Pool { used: AtomicUsize::new(0), max, patience }))
    }

    /// The part of one message at a time.
    pub fn share(&self) -> Share {
        Share { pool: Arc::clone(&self.0), arrived: 0, taken: 0, until: None }
    }

    /// Bytes of the pool that are in use.
    pub fn bytes(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }
}

/// What has arrived of a message. Gives back what it took when the message is there, or is not wanted any more.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    arrived: usize,
    taken: usize,
    /// When it must be whole, if it took something.
    until: Option<Instant>,
}

impl Share {
    /// When the message must be whole; `None` while it needs nothing of the pool.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// So many bytes more arrived.
    ///
    /// # Errors
    /// [`Full`]
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.arrived = self.arrived.saturating_add(bytes);
        let wanted = self.arrived.saturating_sub(ARRIVING_FREE_BYTES).saturating_sub(self.taken);
        if wanted == 0 {
            return Ok(());
        }
        let take = |used: usize| used.checked_add(wanted).filter(|used| *used <= self.pool.max);
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.pool.patience);
        if Instant::now() > until {
            return Err(Full);
        }
        self.pool.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map_err(|_| Full)?;
        self.taken += wanted;
        Ok(())
    }

    /// The message is there as a whole; what comes belongs to the next one.
    pub fn settle(&mut self) {
        self.pool.used.fetch_sub(self.taken, Ordering::Relaxed);
        (self.arrived, self.taken, self.until) = (0, 0, None);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.settle();
    }
}
