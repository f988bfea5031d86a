//! `replay`: the audit. Folds a node's log from nothing, also while the node runs, and compares with what the node kept.

mod diff;
mod explain;
mod full;
mod json;
mod restrict;
mod text;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use dmpc_storage::{
    StoreError,
    checkpoint::Checkpoint,
    replay::{Options, Report, Wanted, replay},
};

use self::restrict::Restriction;
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, output,
    progress::Progress,
    time,
};

/// Fold a log from nothing and compare with what the node kept.
///
/// Exits with 0 when all agrees and with 3 when it does not, naming what is at fault. The node may be running: nothing is
/// changed.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli replay --data data/node",
    "dmpc-cli replay --data data/node --verify --export report.json",
    "dmpc-cli replay --data data/node --until 2026-01-31T12:00:00Z --channel tea",
    "dmpc-cli replay --data data/node --explain dmpcop1q9f",
    "dmpc-cli replay --data data/node --diff other/node",
    "dmpc-cli replay --data data/node --verify --checkpoint today.checkpoint",
])]
pub struct Args {
    /// Data directory of the node, a store, a checkpoint or a backup of one, or an exported log.
    #[arg(long, env = "DMPC_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Verify every signature again, and compare everything that the node derived with what follows from the log.
    #[arg(long)]
    verify: bool,
    /// Verify every signature again, and no more: verdicts and digests are compared, what else the node derived is not.
    #[arg(long)]
    signatures: bool,
    /// Report the state as of this time: RFC 3339, milliseconds since 1970, or a logical time (milliseconds.counter).
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<dmpc::Hlc>,
    /// Report of one channel alone: its id, the beginning of it, or its name.
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Report of one user alone: its id, the beginning of it, or its name.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Why an operation has its verdict: its id, or the beginning of it.
    #[arg(long, value_name = "OPERATION")]
    explain: Option<String>,
    /// What this log and another one disagree on, operation by operation.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["verify", "signatures", "until", "channel", "user", "explain", "export", "checkpoint", "take_checkpoint", "channels"])]
    diff: Option<PathBuf>,
    /// Write the whole report into this file, as JSON; an existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Print the digest of each channel, comparable between nodes with other roots.
    #[arg(long)]
    channels: bool,
    /// Compare with a checkpoint taken earlier or on another node.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write a checkpoint of what the log gives; an existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    take_checkpoint: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// [`CliError::Disagrees`] when something does not agree; [`CliError`] when the store cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    if let Some(other) = &args.diff {
        return diff::run(context, &args.data, other);
    }
    let explain = args.explain.as_deref().map(wanted).transpose()?;
    let options = Options {
        signatures: args.verify || args.signatures,
        families: args.verify,
        channels: args.channels || args.export.is_some(),
        checkpoint: args.checkpoint.as_deref().map(read_checkpoint).transpose()?,
        until: args.until,
        explain,
        history: args.verify || args.export.is_some(),
    };
    let (report, took) = audit(context, &args.data, options)?;
    let restriction = Restriction::of(&report, args.user.as_deref(), args.channel.as_deref())?;
    let verified = args.verify || args.signatures;
    let shown = Shown { report: &report, restriction, verified, until: args.until, took };
    let mut out = output::Output::to_stdout();
    match (&args.explain, context.json) {
        (Some(asked), _) => explain::print(&mut out, asked, &report, context.json)?,
        (None, true) => out.json(&json::Summary::new(&shown, args.channels))?,
        (None, false) => text::print(&mut out, &shown, args.channels)?,
    }
    out.flush()?;
    if let Some(path) = &args.export {
        write_new(path, &full::Full::new(&shown).text()?)?;
    }
    if let (Some(path), true) = (&args.take_checkpoint, report.agrees()) {
        write_new(path, &report.checkpoint().to_string())?;
    }
    verdict(&report)
}

/// What is shown of an audit.
pub(super) struct Shown<'a> {
    report: &'a Report,
    restriction: Restriction,
    verified: bool,
    until: Option<dmpc::Hlc>,
    took: Duration,
}

impl Shown<'_> {
    /// Operations a second.
    fn speed(&self) -> u64 {
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX).max(1);
        self.report.operations.saturating_mul(1_000_000) / micros
    }
}

fn audit(context: &Context, data: &Path, options: Options) -> Result<(Report, Duration), CliError> {
    let scratch = scratch()?;
    let bar = Progress::of("operations");
    let began = Instant::now();
    let progress = |folded, all| {
        bar.at(folded, all);
        bar.rate(folded, "operations");
    };
    let mut random = context.random;
    let report = replay(data, scratch.path(), options, &mut random, progress).map_err(from_store);
    bar.finish();
    Ok((report?, began.elapsed()))
}

/// A directory for what RocksDB needs to look beside a writer.
fn scratch() -> Result<tempfile::TempDir, CliError> {
    tempfile::tempdir().map_err(|source| CliError::File { path: std::env::temp_dir(), source })
}

fn verdict(report: &Report) -> Result<(), CliError> {
    let Some(fault) = report.fault() else { return Ok(()) };
    let more = report.faults.count().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    Err(CliError::Disagrees(format!("{fault}{more}")))
}

fn wanted(text: &str) -> Result<Wanted, CliError> {
    let error = || CliError::Usage(format!("'{text}' is no operation id, nor the beginning of one (dmpcop1...)"));
    Wanted::parse(text).ok_or_else(error)
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, CliError> {
    let text = fs::read_to_string(path).map_err(CliError::file(path))?;
    text.parse().map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))
}

fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let mut file = fs::File::create_new(path).map_err(CliError::file(path))?;
    file.write_all(text.as_bytes()).map_err(CliError::file(path))
}

/// A store that is damaged does not agree; one that cannot be opened is a failure.
fn from_store(error: StoreError) -> CliError {
    let exit = match error {
        StoreError::Damaged { .. }
        | StoreError::Corrupt { .. }
        | StoreError::BadOperation { .. }
        | StoreError::AcknowledgedLost { .. }
        | StoreError::KeptAsideLost { .. } => Exit::Disagrees,
        StoreError::Absent(_)
        | StoreError::Exists(_)
        | StoreError::Locked(_)
        | StoreError::TooNew { .. }
        | StoreError::Poisoned
        | StoreError::Io { .. }
        | StoreError::ForeignCursor(_)
        | StoreError::Rejudging
        | StoreError::Full(_) => Exit::Failed,
    };
    CliError::command(exit, error, None)
}
