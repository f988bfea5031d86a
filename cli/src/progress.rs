//! Progress of long work: a bar on stderr when that is a terminal, nothing otherwise.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far something is.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that counts things of this name.
    pub fn of(things: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = format!("{{bar:32}} {{human_pos}}/{{human_len}} {things}  {{msg}}  {{eta}} left");
        // A template that cannot be read would show the default bar.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Whether nobody sees it.
    pub fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// How many there are.
    pub fn set_length(&self, all: u64) {
        self.bar.set_length(all);
    }

    /// So many are done; never fewer than before.
    pub fn advance(&self, done: u64) {
        self.bar.set_position(done.max(self.bar.position()));
    }

    /// So many of so many are done.
    pub fn at(&self, done: u64, all: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_length(all.max(done));
            self.bar.set_position(done);
        }
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        self.bar.inc(more);
    }

    /// So many things of another name, that were done since it began, as a rate beside the bar.
    pub fn rate(&self, done: u64, things: &str) {
        if self.bar.is_hidden() {
            return;
        }
        let millis = u64::try_from(self.bar.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        self.bar.set_message(format!("{} {things}/s", done.saturating_mul(1000) / millis));
    }

    /// Clears the bar: what follows on stderr starts on a line of its own.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
