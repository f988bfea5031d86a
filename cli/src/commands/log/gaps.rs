//! `log gaps`: what lanes are evidence of, short of equivocation.

use dmpc_storage::{evidence::Evidence, lane_reports::LaneReport};
use serde::Serialize;

use super::lanes::Lanes;
use crate::{context::Context, error::CliError, examples, output, time::rfc3339};

/// List what lanes are evidence of: places that are missing, times that go back, places that name another operation
/// before them than the one that stands there.
///
/// An honest signer's lane shows none of it once all of it has arrived. It changes no verdict. Equivocations are listed by
/// `log equivocations`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli log gaps --data data",
    "dmpc-cli log gaps --json all.log",
])]
pub struct Args {
    #[command(flatten)]
    lanes: Lanes,
}

/// A piece of evidence, as it is printed.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    user: String,
    key: String,
    lane: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The first place that it is about, and the last.
    first: u64,
    last: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

impl Row {
    /// `None` for a fork.
    fn of(report: &LaneReport, evidence: &Evidence) -> Option<Self> {
        let mut row = Self {
            kind: "gap",
            user: report.user.to_string(),
            key: report.key.to_string(),
            lane: report.lane.to_string(),
            channel: report.channel.map(|channel| channel.to_string()),
            first: 0,
            last: 0,
            operation: None,
            other: None,
            at: None,
            before: None,
        };
        match evidence {
            Evidence::Fork { .. } => return None,
            Evidence::Gap { first, last } => (row.first, row.last) = (*first, *last),
            Evidence::Time { seq, operation, before } => {
                (row.kind, row.first, row.last) = ("time", *seq, *seq);
                (row.operation, row.other) = (Some(operation.id.to_string()), Some(before.id.to_string()));
                (row.at, row.before) = (Some(rfc3339(operation.timestamp)), Some(rfc3339(before.timestamp)));
            }
            Evidence::Prev { seq, operation, named } => {
                (row.kind, row.first, row.last) = ("prev", *seq, *seq);
                (row.operation, row.other) = (Some(operation.id.to_string()), Some(named.to_string()));
                row.at = Some(rfc3339(operation.timestamp));
            }
        }
        Some(row)
    }

    /// What it says, in words.
    fn detail(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match self.kind {
            "gap" => format!("{} missing", (self.last - self.first).saturating_add(1)),
            "time" => format!(
                "{} at {}, {} before it at {}",
                text(&self.operation),
                text(&self.at),
                text(&self.other),
                text(&self.before)
            ),
            _ => format!("{} names {}, which does not stand there", text(&self.operation), text(&self.other)),
        }
    }

    fn places(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{} to {}", self.first, self.last) }
    }
}

/// Runs it.
///
/// # Errors
/// [`CliError`] when the log cannot be read.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let reports = args.lanes.reports(context)?;
    let rows: Vec<Row> = reports
        .iter()
        .flat_map(|(report, _)| report.evidence.iter().filter_map(|evidence| Row::of(report, evidence)))
        .collect();
    output::list(context.json, rows, |output, rows| {
        let operations: u64 = reports.iter().map(|(report, _)| report.operations).sum();
        output.line(format_args!("{} lanes, {operations} operations: {} found", reports.len(), rows.len()))?;
        if rows.is_empty() {
            return Ok(());
        }
        let cells =
            |row: &Row| vec![row.kind.to_owned(), row.user.clone(), row.lane.clone(), row.places(), row.detail()];
        output.table(&["kind", "user", "lane", "place", "what"], rows.iter().map(cells).collect())
    })
}
