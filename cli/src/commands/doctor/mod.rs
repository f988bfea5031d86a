//! `doctor`: what stands in the way of a command or of a node, and what helps.

mod node;
mod own;
mod store;

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    context::Context,
    error::{CliError, Exit},
    examples,
    output::Output,
};

/// Say what stands in the way of a command or of a node, and what helps.
///
/// Looks at the state directory and its outboxes, the identity, both front ends of the node (who answers, its version, TLS,
/// the clocks), and with --data at the data directory of a node, which may be running. Changes nothing. Exits with 0 when
/// nothing is wrong, warnings aside, and with 1 when something is.
///
/// With --accept-loss, for a store that refuses to open because it lost operations that it had acknowledged: takes what is
/// there for all there was. Put a backup back instead if you have a later one. What is lost may be offered again.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli doctor",
    "dmpc-cli doctor --data data --offline --json",
    "dmpc-cli doctor --data data --accept-loss",
])]
pub struct Args {
    /// Data directory of a node.
    #[arg(long, env = "DMPC_DATA", hide_env_values = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not connect to the node.
    #[arg(long)]
    offline: bool,
    /// Let the store of a stopped node go on without what it lost.
    #[arg(long, requires = "data")]
    accept_loss: bool,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failure,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// All findings, in the order of the checks.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, detail: impl ToString) {
        self.0.push(Finding { check, level: Level::Ok, detail: detail.to_string(), hint: None });
    }

    fn warning(&mut self, check: &'static str, detail: impl ToString, hint: &str) {
        self.put(check, Level::Warning, detail, hint);
    }

    fn failure(&mut self, check: &'static str, detail: impl ToString, hint: &str) {
        self.put(check, Level::Failure, detail, hint);
    }

    fn put(&mut self, check: &'static str, level: Level, detail: impl ToString, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.0.push(Finding { check, level, detail: detail.to_string(), hint });
    }

    /// An error of a command, with its hint.
    fn error(&mut self, check: &'static str, error: &CliError) {
        self.failure(check, error, &error.hint().unwrap_or_default());
    }
}

/// Why it ends badly.
#[derive(Debug, thiserror::Error)]
#[error("{0} checks failed")]
struct Failed(usize);

/// Runs it.
///
/// # Errors
/// [`CliError`] when a check failed, or the loss cannot be accepted.
pub async fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    if let (true, Some(data)) = (args.accept_loss, &args.data) {
        return store::accept_loss(context, data);
    }
    let mut findings = Findings::default();
    own::state(context, &mut findings);
    own::identity(context, &mut findings);
    if !args.offline {
        node::both(context, &mut findings).await;
    }
    if let Some(data) = &args.data {
        store::directory(data, &mut findings);
    }
    let mut output = Output::to_stdout();
    for finding in &findings.0 {
        if context.json {
            output.json(finding)?;
            continue;
        }
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Failure => "FAILURE",
        };
        output.line(format_args!("{level:<8} {:<15} {}", finding.check, finding.detail))?;
        if let Some(hint) = &finding.hint {
            output.line(format_args!("{:<24} hint: {hint}", ""))?;
        }
    }
    output.flush()?;
    match findings.0.iter().filter(|finding| finding.level == Level::Failure).count() {
        0 => Ok(()),
        count => Err(CliError::command(Exit::Failed, Failed(count), None)),
    }
}
