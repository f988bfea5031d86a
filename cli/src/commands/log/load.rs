//! `log load`: the operations of an exported log, offered to a node.

use std::{
    fs::File,
    io::{self, BufReader, Seek, Write},
    path::{Path, PathBuf},
};

use dmpc::keys::DecryptionKey;
use dmpc_storage::log_file::{Scope, Trailer};
use serde::Serialize;

use super::file;
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, hex,
    load::{Seals, Tally, load},
    node::meet,
    output::Output,
    progress::Progress,
};

/// Offer the operations of an exported log to the node, through its front ends, like operations from anybody.
///
/// No identity is needed: operations are signed. The file is read as a whole first, and nothing is sent of one that is
/// damaged. What the node has already it answers as duplicates, so a load that was cut off is run again. What it refuses
/// is offered again as long as that changes something. Exits with 0 when the node has every operation, with 1 when it
/// refuses some for good, and with 3 when the file is damaged.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli log load all.log",
    "dmpc-cli --via both log load --json all.log",
])]
pub struct Args {
    /// An exported log; `-` for stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What became of the operations, as it is printed.
#[derive(Serialize)]
struct Summary<'a> {
    operations: u64,
    #[serde(flatten)]
    outcomes: &'a Tally,
    log_digest: String,
    /// Of the node, afterwards.
    node_operations: u64,
    node_log_digest: String,
}

/// Why a load is not complete.
#[derive(Debug, thiserror::Error)]
#[error("the node refuses {0} of {1} operations: {2}")]
struct Refused(u64, u64, String);

/// Runs it.
///
/// # Errors
/// [`CliError::Disagrees`] for a file that is damaged; [`CliError`] when it cannot be sent, or some of it is refused.
pub(super) async fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let spooled = spool(&args.file)?;
    let path = spooled.as_ref().map_or(args.file.as_path(), |file| file.path());
    let (scope, trailer) = look(path)?;
    let reply = DecryptionKey::generate(&mut context.rng())?;
    let (mut clients, mut pipes, mut recipient) = (Vec::new(), Vec::new(), None);
    for via in &context.vias {
        let mut client = context.client(*via).await?;
        let (proven, _) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
        if recipient.replace(proven.recipient).is_some_and(|other| other != proven.recipient) {
            return Err(CliError::Usage("the front ends are of different nodes".to_owned()));
        }
        pipes.push(client.pipe().await?);
        clients.push(client);
    }
    let node = recipient.ok_or_else(|| CliError::Usage("name a front end".to_owned()))?;
    let tally = load(path, trailer.operations, pipes, Seals { node, reply }).await?;
    // Pipes have ended; a connection of its own says how the node stands.
    let mut client = context.client(context.via).await?;
    let (_, info) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
    drop(clients);
    let summary = Summary {
        operations: trailer.operations,
        outcomes: &tally,
        log_digest: hex::encode(&trailer.log_digest),
        node_operations: info.operations,
        node_log_digest: hex::encode(&info.log_digest),
    };
    print(context, &summary, scope)?;
    if tally.refused() == 0 {
        return Ok(());
    }
    let reasons: Vec<_> = tally.refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let refused = Refused(tally.refused(), trailer.operations, reasons.join(", "));
    let hint =
        "load the file again later; operations of users whom the node cannot know wait for those who create them";
    Err(CliError::command(Exit::Failed, refused, Some(hint.to_owned())))
}

/// What comes from stdin is read more than once, so it is written to a temporary file.
fn spool(path: &Path) -> Result<Option<tempfile::NamedTempFile>, CliError> {
    if path != Path::new("-") {
        return Ok(None);
    }
    let failed = |source| CliError::File { path: std::env::temp_dir(), source };
    let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
    io::copy(&mut io::stdin().lock(), &mut file).and_then(|_| file.flush()).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok(Some(file))
}

/// Reads a file as a whole: what it says of itself, and that it is whole.
fn look(path: &Path) -> Result<(Scope, Trailer), CliError> {
    let file = File::open(path).map_err(CliError::file(path))?;
    let all = file.metadata().map_err(CliError::file(path))?.len();
    let mut reader = file::reader(path, BufReader::new(file))?;
    let bar = Progress::of("bytes");
    while reader.next_frame().map_err(|error| file::failure(path, error))?.is_some() {
        bar.at(reader.offset(), all);
    }
    bar.finish();
    let trailer = reader.trailer().copied().ok_or_else(|| CliError::Disagrees("there is no trailer".to_owned()))?;
    Ok((reader.header().scope, trailer))
}

fn print(context: &Context, summary: &Summary<'_>, scope: Scope) -> Result<(), CliError> {
    let mut output = Output::to_stdout();
    if context.json {
        output.json(summary)?;
        return output.flush();
    }
    let Tally { applied, pending, rejected, duplicate, .. } = summary.outcomes;
    let refused = summary.outcomes.refused().to_string();
    let same = summary.log_digest == summary.node_log_digest;
    let compared = match (scope, same) {
        (_, true) => "the node has these operations and no others",
        (Scope::Whole, false) => "the node has others too, or not all of these",
        (Scope::Part, false) => "the file is a part of a log",
    };
    let lines = [
        ("operations", summary.operations.to_string()),
        ("applied", applied.to_string()),
        ("pending", pending.to_string()),
        ("rejected", rejected.to_string()),
        ("duplicate", duplicate.to_string()),
        ("refused", refused),
        ("log digest", compared.to_owned()),
    ];
    lines.into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:<11} {value}")))?;
    output.flush()
}
