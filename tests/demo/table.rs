//! The table at the end: what was done, how much, and how long each step took.

use std::time::{Duration, Instant};

/// Two columns that line up.
#[derive(Default)]
pub struct Table {
    counts: Vec<(&'static str, String)>,
    steps: Vec<(&'static str, Duration)>,
}

impl Table {
    /// Adds a count.
    pub fn count(&mut self, what: &'static str, count: impl TryInto<u64>) {
        self.counts.push((what, count.try_into().map_or_else(|_| "very many".to_owned(), thousands)));
    }

    /// Runs a step and takes its time.
    pub fn timed<T>(&mut self, step: &'static str, run: impl FnOnce() -> T) -> T {
        eprintln!("demo: {step}");
        let begin = Instant::now();
        let result = run();
        self.steps.push((step, begin.elapsed()));
        result
    }

    /// Prints it.
    pub fn print(&self) {
        let names = self.counts.iter().map(|(what, _)| what).chain(self.steps.iter().map(|(step, _)| step));
        let width = names.map(|name| name.len()).max().unwrap_or(0);
        let row = |name: &str, value: &str| println!("{name:<width$}  {value:>10}");
        for (what, count) in &self.counts {
            row(what, count);
        }
        println!();
        for (step, time) in &self.steps {
            row(step, &seconds(*time));
        }
        row("all of it", &seconds(self.steps.iter().map(|(_, time)| *time).sum()));
        println!();
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Digits in groups of three.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
