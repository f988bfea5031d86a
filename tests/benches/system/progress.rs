//! How far it is, on stderr: a line when something begins, and one every few seconds while it goes on.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Time between two lines.
const PAUSE: Duration = Duration::from_secs(5);

/// Something that goes on for a while.
pub(crate) struct Progress {
    what: &'static str,
    all: usize,
    said: Cell<Instant>,
}

impl Progress {
    /// Begins; nothing is said yet.
    pub(crate) fn of(what: &'static str, all: usize) -> Self {
        Self { what, all, said: Cell::new(Instant::now()) }
    }

    /// So much is done.
    pub(crate) fn at(&self, done: usize) {
        if self.said.get().elapsed() >= PAUSE && done < self.all {
            self.said.set(Instant::now());
            say(&format!("  {} {done} of {}", self.what, self.all));
        }
    }
}

/// Says something to whoever waits.
pub(crate) fn say(text: &str) {
    eprintln!("bench: {text}");
}
