//! What a node makes of a clock that is set: since when it can tell which requests it answered, and what it says of it.
//!
//! A clock that is set, by hours or by years, forward or back, is told from one that runs by time that nobody sets. A request
//! is accepted once; which ones were answered is remembered by the time that is stamped in them. After the clock was set, that
//! says nothing of what is stamped before, so requests have to be stamped after it, as after a start.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use parking_lot::Mutex;

use crate::clock::Clock;

/// Milliseconds by which a clock may be set without anybody noticing; what was answered is remembered for so much longer.
pub const SET_MS_MAX: u64 = 10_000;

/// Milliseconds by which a clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// Forward if positive.
    pub by_ms: i128,
}

/// Since when requests can be told from those that were answered. Pure: what the clock says is an argument.
#[derive(Debug)]
pub struct Span {
    /// By the clock: requests stamped then or earlier are refused.
    since_ms: u64,
    /// The clock and the time that nobody sets, at one moment.
    base: (u64, u64),
}

impl Span {
    /// One that begins now; `passed_ms` is of the time that nobody sets.
    pub const fn new(now_ms: u64, passed_ms: u64) -> Self {
        Self { since_ms: now_ms, base: (now_ms, passed_ms) }
    }

    /// Requests stamped then or earlier are refused: milliseconds since 1970.
    pub const fn since_ms(&self) -> u64 {
        self.since_ms
    }

    /// Looks at the clock; says by how much it was set since the last time that it was.
    pub fn look(&mut self, now_ms: u64, passed_ms: u64) -> Option<Set> {
        let (clock, passed) = self.base;
        let runs = i128::from(passed_ms) - i128::from(passed);
        let by_ms = i128::from(now_ms) - i128::from(clock) - runs;
        if by_ms.unsigned_abs() <= u128::from(SET_MS_MAX) {
            return None;
        }
        *self = Self::new(now_ms, passed_ms);
        Some(Set { by_ms })
    }
}

/// A clock that is watched; see the module.
#[derive(Debug)]
pub struct Horizon {
    clock: Clock,
    begun: Instant,
    span: Mutex<Span>,
    /// Milliseconds by which the log ends too far ahead of the clock.
    log_ahead_ms: AtomicU64,
}

impl Horizon {
    /// One that begins now.
    pub fn new(clock: Clock) -> Self {
        let span = Mutex::new(Span::new(clock.now_ms(), 0));
        Self { clock, begun: Instant::now(), span, log_ahead_ms: AtomicU64::new(0) }
    }

    /// Remembers by how many milliseconds the log ends farther ahead of the clock than operations may be.
    pub fn set_log_ahead(&self, ahead_ms: u64) {
        self.log_ahead_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// The same, as it was looked at last.
    pub fn log_ahead_ms(&self) -> u64 {
        self.log_ahead_ms.load(Ordering::Relaxed)
    }

    /// What time it is, and since when requests can be told from those that were answered: milliseconds since 1970. Logs that
    /// the clock was set.
    pub fn look(&self) -> (u64, u64) {
        let mut span = self.span.lock();
        let now_ms = self.clock.now_ms();
        let passed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(Set { by_ms }) = span.look(now_ms, passed_ms) {
            let seconds = i64::try_from(by_ms / 1_000).unwrap_or(if by_ms < 0 { i64::MIN } else { i64::MAX });
            tracing::warn!(seconds, "the clock was set; requests stamped before that are refused");
        }
        (now_ms, span.since_ms)
    }
}
