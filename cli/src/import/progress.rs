//! The progress of an import: a bar on stderr when that is a terminal, nothing otherwise.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{bar:32} {human_pos}/{human_len} events  {msg}  {eta} left";

/// How far an import is.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of so many events; `events` is asked only when somebody sees it.
    pub(super) fn new(events: impl FnOnce() -> Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if !bar.is_hidden() {
            // A template that cannot be read would show the default bar.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            if let Some(events) = events() {
                bar.set_length(events);
            }
        }
        Self { bar }
    }

    /// Everything up to an event is acknowledged; so many operations were, in this run.
    pub(super) fn advance(&self, event: u64, operations: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let millis = u64::try_from(self.bar.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        self.bar.set_message(format!("{} operations/s", operations.saturating_mul(1000) / millis));
        self.bar.set_position(event.max(self.bar.position()));
    }

    /// Clears the bar: what follows on stderr starts on a line of its own.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
