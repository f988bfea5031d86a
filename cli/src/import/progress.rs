//! The progress of an import.

use crate::progress;

/// How far an import is.
#[derive(Debug)]
pub(super) struct Progress {
    bar: progress::Progress,
}

impl Progress {
    /// A bar of so many events; `events` is asked only when somebody sees it.
    pub(super) fn new(events: impl FnOnce() -> Option<u64>) -> Self {
        let bar = progress::Progress::of("events");
        if !bar.is_hidden()
            && let Some(events) = events()
        {
            bar.set_length(events);
        }
        Self { bar }
    }

    /// Everything up to an event is acknowledged; so many operations were, in this run.
    pub(super) fn advance(&self, event: u64, operations: u64) {
        self.bar.rate(operations, "operations");
        self.bar.advance(event);
    }

    /// Clears the bar.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
