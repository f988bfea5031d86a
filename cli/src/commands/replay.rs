//! `replay`: the audit. Folds a node's log from nothing, also while the node runs, and compares with what the node kept.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use dmpc_storage::{
    StoreError, Verdict,
    checkpoint::Checkpoint,
    replay::{Options, Report, replay},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, hex, output,
    time::{rfc3339, short},
};

/// Where a node keeps its store within its data directory.
const STORE: &str = "store";
const TEMPLATE: &str = "{bar:32} {human_pos}/{human_len} operations  {per_sec}  {eta} left";

/// Fold a node's log from nothing and compare with what the node kept.
///
/// Exits with 0 when all agrees and with 3 when it does not, naming the first operation at fault. The node may be running.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli replay --data data/node",
    "dmpc-cli replay --data data/node --verify --json",
])]
pub struct Args {
    /// Data directory of the node.
    #[arg(long, env = "DMPC_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Verify every signature again.
    #[arg(long)]
    verify: bool,
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
    let scratch = tempfile::tempdir().map_err(|source| CliError::File { path: std::env::temp_dir(), source })?;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template that cannot be read would show the default bar.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    let progress = |folded, all| {
        bar.set_length(all);
        bar.set_position(folded);
    };
    let checkpoint = args.checkpoint.as_deref().map(read_checkpoint).transpose()?;
    let options = Options { verify: args.verify, channels: args.channels, checkpoint };
    let mut random = context.random;
    let report = replay(&args.data.join(STORE), scratch.path(), options, &mut random, progress).map_err(from_store);
    bar.finish_and_clear();
    let report = report?;
    let mut out = output::Output::to_stdout();
    if context.json {
        out.json(&Summary::new(&report, args.verify))?;
    } else {
        print(&mut out, &report, args.verify)?;
    }
    out.flush()?;
    if let (Some(path), true) = (&args.take_checkpoint, report.agrees()) {
        let mut file = fs::File::create_new(path).map_err(CliError::file(path))?;
        write!(file, "{}", report.checkpoint()).map_err(CliError::file(path))?;
    }
    match (&report.fault, report.agrees()) {
        (_, true) => Ok(()),
        (Some(fault), false) => Err(CliError::Disagrees(fault.to_string())),
        (None, false) => Err(CliError::Disagrees("the digests do not agree with the log".to_owned())),
    }
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, CliError> {
    let text = fs::read_to_string(path).map_err(CliError::file(path))?;
    text.parse().map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))
}

/// A store that is damaged does not agree; one that cannot be opened is a failure.
fn from_store(error: StoreError) -> CliError {
    let exit = match error {
        StoreError::Damaged { .. }
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

/// The report as one JSON object. Scripts rely on its words.
#[derive(Serialize)]
struct Summary {
    operations: u64,
    applied: u64,
    pending: u64,
    rejected: u64,
    digest: String,
    stored_digest: String,
    log_digest: String,
    stored_log_digest: String,
    agrees: bool,
    signatures_verified: bool,
    first: Option<String>,
    last: Option<String>,
    node: String,
    fault: Option<String>,
    verdicts: Vec<Row>,
    channels: Vec<ChannelRow>,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    verdict: &'static str,
    reason: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct ChannelRow {
    channel: String,
    digest: String,
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Applied => "applied",
        Verdict::Pending(_) => "pending",
        Verdict::Rejected(_) => "rejected",
    }
}

impl Summary {
    fn new(report: &Report, verified: bool) -> Self {
        let row = |((kind, verdict), count): (&(dmpc::kinds::Kind, Verdict), &u64)| Row {
            kind: kind.name(),
            verdict: word(*verdict),
            reason: verdict.word(),
            count: *count,
        };
        let channel = |(channel, digest): (&dmpc::ChannelId, &[u8; 32])| ChannelRow {
            channel: channel.to_string(),
            digest: hex::encode(digest),
        };
        Self {
            operations: report.operations,
            applied: report.count(Verdict::is_applied),
            pending: report.count(|verdict| matches!(verdict, Verdict::Pending(_))),
            rejected: report.count(|verdict| matches!(verdict, Verdict::Rejected(_))),
            digest: hex::encode(&report.state_digest),
            stored_digest: hex::encode(&report.stored_state_digest),
            log_digest: hex::encode(&report.log_digest),
            stored_log_digest: hex::encode(&report.stored_log_digest),
            agrees: report.agrees(),
            signatures_verified: verified,
            first: report.span.map(|(first, _)| rfc3339(first)),
            last: report.span.map(|(_, last)| rfc3339(last)),
            node: report.genesis.node.to_string(),
            fault: report.fault.as_ref().map(ToString::to_string),
            verdicts: report.verdicts.iter().map(row).collect(),
            channels: report.channel_digests.iter().map(channel).collect(),
        }
    }
}

fn print(out: &mut output::Output, report: &Report, verified: bool) -> Result<(), CliError> {
    let summary = Summary::new(report, verified);
    let rows = summary
        .verdicts
        .iter()
        .map(|row| vec![row.kind.to_owned(), row.verdict.to_owned(), row.reason.to_owned(), row.count.to_string()]);
    out.table(&["kind", "verdict", "reason", "operations"], rows.collect())?;
    out.line("")?;
    if !summary.channels.is_empty() {
        let rows = summary.channels.iter().map(|row| vec![row.channel.clone(), row.digest.clone()]);
        out.table(&["channel", "digest"], rows.collect())?;
        out.line("")?;
    }
    let span = report
        .span
        .map_or_else(|| "none".to_owned(), |(first, last)| format!("{} to {} UTC", short(first), short(last)));
    let compared = |computed: &String, stored: &String| {
        if computed == stored { format!("{computed}  as stored") } else { format!("{computed}  stored: {stored}") }
    };
    let signatures = if verified { "verified again" } else { "not verified again (--verify does)" };
    let agrees = if summary.agrees { "yes" } else { "NO" };
    let lines = [
        ("node", summary.node.clone()),
        ("operations", summary.operations.to_string()),
        ("timestamps", span),
        ("signatures", signatures.to_owned()),
        ("state digest", compared(&summary.digest, &summary.stored_digest)),
        ("log digest", compared(&summary.log_digest, &summary.stored_log_digest)),
        ("agrees", agrees.to_owned()),
    ];
    lines.into_iter().try_for_each(|(name, value)| out.line(format_args!("{name:<13} {value}")))
}
