//! A bar for long work, on stderr when that is a terminal; nothing otherwise.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar of so many operations.
    pub fn operations() -> Self {
        Self::new("{bar:32} {human_pos}/{human_len} operations  {per_sec}  {eta} left")
    }

    /// A bar of so many bytes.
    pub fn bytes() -> Self {
        Self::new("{bar:32} {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left  {msg}")
    }

    fn new(template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // A template that cannot be read would show the default bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// How far the work is.
    pub fn at(&self, done: u64, all: u64) {
        if !self.0.is_hidden() {
            self.0.set_length(all.max(done));
            self.0.set_position(done);
        }
    }

    /// What the work is on.
    pub fn say(&self, message: impl Into<String>) {
        if !self.0.is_hidden() {
            self.0.set_message(message.into());
        }
    }

    /// Clears the bar: what follows on stderr starts on a line of its own.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
