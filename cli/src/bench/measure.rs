//! What was measured: messages, latencies as histograms, outcomes.

use std::{collections::BTreeMap, time::Duration};

use clap::ValueEnum;
use dmpc::v1;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::Load;
use crate::{
    context::Context,
    error::{CliError, Exit},
    settings::Vias,
};

/// Microseconds of the longest latency that is told from longer ones: ten minutes.
const LATENCY_MICROS_MAX: u64 = 600_000_000;
/// Decimal digits of a latency that are kept.
const DIGITS: u8 = 3;

/// What happened since it was last taken.
pub(super) struct Tally {
    latencies: Histogram<u64>,
    messages: u64,
    outcomes: BTreeMap<&'static str, u64>,
    first_failure: Option<String>,
}

/// All of it.
pub(super) struct Measured {
    latencies: Histogram<u64>,
    /// Messages that were acknowledged.
    pub(super) messages: u64,
    outcomes: BTreeMap<&'static str, u64>,
    first_failure: Option<String>,
    seconds: Vec<Second>,
    /// What sending took.
    pub(super) elapsed: Duration,
}

/// One second, or what was left of one at the end of a round.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    /// Messages that were acknowledged.
    pub messages: u64,
    /// How long transactions took.
    pub latency: Latency,
}

/// Percentiles of the time from sending a transaction to its acknowledgement, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Half took at most this.
    p50: f64,
    /// Nine of ten.
    p90: f64,
    /// 99 of 100.
    p99: f64,
    /// 999 of 1,000.
    p999: f64,
    /// All.
    max: f64,
}

impl Latency {
    fn of(latencies: &Histogram<u64>) -> Self {
        let millis = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1000.0;
        let at = |quantile| millis(latencies.value_at_quantile(quantile));
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: millis(latencies.max()) }
    }

    /// p50, p90, p99, p99.9, max.
    pub const fn all(&self) -> [f64; 5] {
        [self.p50, self.p90, self.p99, self.p999, self.max]
    }
}

/// What is printed. Scripts rely on its words.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The front end.
    pub via: String,
    /// Users who wrote.
    pub authors: usize,
    /// Bytes of a text.
    pub size: usize,
    /// Connections.
    pub connections: usize,
    /// Transactions under way on each.
    pub in_flight: usize,
    /// Messages in each transaction.
    pub batch: usize,
    /// Whether transactions were sealed to the node.
    pub sealed: bool,
    /// Messages that were acknowledged.
    pub messages: u64,
    /// What sending them took.
    pub seconds: f64,
    /// The rate.
    pub messages_per_second: f64,
    /// From sending a transaction to its acknowledgement.
    pub latency_ms: Latency,
    /// Messages by what became of them.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Why the first one had no effect that had none.
    pub first_failure: Option<String>,
    /// The channel.
    pub channel: String,
}

impl Report {
    /// Messages that had no effect.
    pub fn failed(&self) -> u64 {
        let has_effect = |name: &str| matches!(name, "applied" | "duplicate");
        self.outcomes.iter().filter(|(name, _)| !has_effect(name)).map(|(_, count)| count).sum()
    }
}

fn histogram() -> Result<Histogram<u64>, CliError> {
    Histogram::new_with_bounds(1, LATENCY_MICROS_MAX, DIGITS)
        .map_err(|error| CliError::command(Exit::Failed, error, None))
}

impl Tally {
    pub(super) fn new() -> Result<Self, CliError> {
        Ok(Self { latencies: histogram()?, messages: 0, outcomes: BTreeMap::new(), first_failure: None })
    }

    /// A transaction with so many messages was answered.
    pub(super) fn note(&mut self, took: Duration, messages: usize, ack: &v1::Ack) {
        self.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        self.messages += u64::try_from(messages).unwrap_or(0);
        for outcome in &ack.outcomes {
            let name = match outcome.kind() {
                v1::OutcomeKind::Applied => "applied",
                v1::OutcomeKind::Duplicate => "duplicate",
                v1::OutcomeKind::Pending => "pending",
                v1::OutcomeKind::Rejected => "rejected",
                v1::OutcomeKind::Refused | v1::OutcomeKind::Unspecified => "refused",
            };
            *self.outcomes.entry(name).or_default() += 1;
            if !matches!(name, "applied" | "duplicate") {
                self.first_failure.get_or_insert_with(|| format!("{} ({})", outcome.detail, outcome.reason));
            }
        }
        // Nothing is said of operations whose transaction was not taken.
        if let Some(error) = ack.error.as_ref().filter(|_| ack.outcomes.is_empty()) {
            *self.outcomes.entry("refused").or_default() += u64::try_from(messages).unwrap_or(0);
            self.first_failure.get_or_insert_with(|| format!("{} ({})", error.detail, error.reason));
        }
    }
}

impl Measured {
    pub(super) fn new() -> Result<Self, CliError> {
        Ok(Self {
            latencies: histogram()?,
            messages: 0,
            outcomes: BTreeMap::new(),
            first_failure: None,
            seconds: Vec::new(),
            elapsed: Duration::ZERO,
        })
    }

    /// Takes what happened since the last time.
    pub(super) fn take(&mut self, tally: &mut Tally) -> Result<(), CliError> {
        if tally.messages == 0 {
            return Ok(());
        }
        self.seconds.push(Second { messages: tally.messages, latency: Latency::of(&tally.latencies) });
        self.latencies.add(&tally.latencies).map_err(|error| CliError::command(Exit::Failed, error, None))?;
        self.messages += tally.messages;
        for (name, count) in &tally.outcomes {
            *self.outcomes.entry(name).or_default() += count;
        }
        self.first_failure = self.first_failure.take().or_else(|| tally.first_failure.take());
        *tally = Tally::new()?;
        Ok(())
    }

    /// All of it, and second by second.
    pub(super) fn report(self, context: &Context, load: &Load, channel: String) -> (Report, Vec<Second>) {
        let seconds = self.elapsed.as_secs_f64();
        // Counts of messages are far below what such a number tells apart.
        let messages = Duration::from_secs(self.messages).as_secs_f64();
        let via = Vias::of(&context.vias).to_possible_value().map(|value| value.get_name().to_owned());
        let report = Report {
            via: via.unwrap_or_default(),
            authors: load.authors.get(),
            size: load.size.get(),
            connections: load.connections.get(),
            in_flight: load.in_flight.get(),
            batch: load.batch.get(),
            sealed: load.sealed,
            messages: self.messages,
            seconds,
            messages_per_second: if seconds > 0.0 { messages / seconds } else { 0.0 },
            latency_ms: Latency::of(&self.latencies),
            outcomes: self.outcomes,
            first_failure: self.first_failure,
            channel,
        };
        (report, self.seconds)
    }
}
