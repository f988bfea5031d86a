//! What an import says at its end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{journal::Position, send::Outcomes, send::Rejected, work::Totals};
use crate::{
    error::CliError,
    output::{self, Output},
};

/// What an import has made, earlier runs included, and what this run sent.
#[derive(Debug, Serialize)]
pub struct Report {
    events: u64,
    nicks: usize,
    users: usize,
    channels: usize,
    operations: BTreeMap<&'static str, u64>,
    new_events: u64,
    sent: u64,
    applied: u64,
    pending: u64,
    rejected: u64,
    duplicate: u64,
    seconds: f64,
    #[serde(skip)]
    first_rejected: Option<Rejected>,
}

impl Report {
    pub(super) fn new(before: Position, totals: &Totals, outcomes: Outcomes, seconds: f64) -> Self {
        Self {
            events: totals.events,
            nicks: totals.nicks,
            users: totals.users,
            channels: totals.channels,
            operations: totals.operations.clone(),
            new_events: totals.events.saturating_sub(before.events),
            sent: outcomes.sum(),
            applied: outcomes.applied,
            pending: outcomes.pending,
            rejected: outcomes.rejected,
            duplicate: outcomes.duplicate,
            seconds,
            first_rejected: outcomes.first_rejected,
        }
    }

    /// Shows it: a table, or one JSON object.
    ///
    /// # Errors
    /// Those of [`Output::line`].
    pub fn show(&self, json: bool) -> Result<(), CliError> {
        let mut output = Output::to_stdout();
        if json {
            output.json(self)?;
        } else {
            output.table(&["import", ""], self.rows())?;
        }
        output.flush()?;
        self.notes();
        Ok(())
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |name: &str, value: u64| vec![name.to_owned(), value.to_string()];
        let size = |name: &str, value: usize| vec![name.to_owned(), value.to_string()];
        let mut rows = vec![
            row("events", self.events),
            size("nicks", self.nicks),
            size("users", self.users),
            size("channels", self.channels),
        ];
        rows.extend(self.operations.iter().map(|(kind, count)| row(kind, *count)));
        rows.extend([
            row("new events", self.new_events),
            row("operations sent", self.sent),
            row("  applied", self.applied),
            row("  pending", self.pending),
            row("  rejected", self.rejected),
            row("  duplicate", self.duplicate),
            vec!["seconds".to_owned(), format!("{:.1}", self.seconds)],
        ]);
        rows
    }

    fn notes(&self) {
        if self.sent == 0 {
            output::note("nothing to send: the node has all of it");
        }
        if let Some(Rejected { line, kind, detail }) = &self.first_rejected {
            output::note(format_args!(
                "{} operations had no effect when they came, the first one a {kind} of line {line}: {detail}",
                self.rejected
            ));
            output::note(
                "over several connections that passes when what they name arrives; dmpc-cli replay shows what stands",
            );
        }
    }
}
