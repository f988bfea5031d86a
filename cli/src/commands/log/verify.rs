//! `log verify`: what an exported log proves by itself.

use std::{collections::BTreeMap, path::PathBuf, thread};

use dmpc_storage::log_file::{Flaw, Found, LogFileError, Verification, verify};
use serde::Serialize;

use super::file;
use crate::{
    context::Context,
    error::CliError,
    examples, hex,
    output::Output,
    progress::Progress,
    time::{rfc3339, short},
};

/// Verify an exported log by itself, without a node: framing, canonical form, ids, order, signatures, count, digest.
///
/// Exits with 0 when nothing is wrong and with 3 when something is: the first flaw is named by its place, all are counted.
/// Whether operations take effect is what `replay` says.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli log verify all.log",
    "dmpc-cli log verify --json all.log",
])]
pub struct Args {
    /// An exported log; `-` for stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What was found, as it is printed.
#[derive(Serialize)]
struct Summary<'a> {
    whole: bool,
    scope: &'static str,
    node: String,
    roots: Vec<String>,
    operations: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    log_digest: String,
    flaws: &'a BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flaw: Option<Place>,
}

/// The first flaw.
#[derive(Serialize)]
struct Place {
    kind: &'static str,
    offset: u64,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    detail: String,
}

impl Place {
    fn of(found: &Found) -> Self {
        Self {
            kind: found.flaw.word(),
            offset: found.offset,
            number: found.number,
            operation: found.key.map(|key| key.id.to_string()),
            detail: found.flaw.to_string(),
        }
    }
}

/// Runs it.
///
/// # Errors
/// [`CliError::Disagrees`] for a flaw; [`CliError::File`].
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let (from, bytes) = file::open(&args.file)?;
    let reader = file::reader(&args.file, from)?;
    let bar = Progress::of("bytes");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let random = context.random;
    let mut found = verify(
        reader,
        threads,
        || random,
        |_, read| {
            bar.at(read, bytes.unwrap_or(read));
        },
    );
    bar.finish();
    if let Some(Found { flaw: Flaw::File(LogFileError::Io(_)), .. }) = &found.first
        && let Some(Found { flaw: Flaw::File(error), .. }) = found.first.take()
    {
        return Err(file::failure(&args.file, error));
    }
    let mut output = Output::to_stdout();
    print(context, &mut output, &found)?;
    output.flush()?;
    match &found.first {
        None => Ok(()),
        Some(Found { flaw: Flaw::File(error), .. }) => Err(CliError::Disagrees(error.to_string())),
        Some(found) => {
            let operation = found.key.map(|key| format!(" {}", key.id)).unwrap_or_default();
            let Found { offset, number, flaw, .. } = found;
            Err(CliError::Disagrees(format!("at byte {offset}: operation {number}{operation}: {flaw}")))
        }
    }
}

fn print(context: &Context, output: &mut Output, found: &Verification) -> Result<(), CliError> {
    let summary = Summary {
        whole: found.first.is_none(),
        scope: file::word(found.scope),
        node: found.genesis.node.to_string(),
        roots: found.genesis.roots.iter().map(|root| root.user.to_string()).collect(),
        operations: found.operations,
        first: found.span.map(|(first, _)| rfc3339(first)),
        last: found.span.map(|(_, last)| rfc3339(last)),
        log_digest: hex::encode(&found.log_digest),
        flaws: &found.flaws,
        flaw: found.first.as_ref().map(Place::of),
    };
    if context.json {
        return output.json(&summary);
    }
    let span = found.span.map(|(first, last)| format!("{} to {} UTC", short(first), short(last)));
    let flaws: Vec<_> = found.flaws.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let lines = [
        ("node", summary.node),
        ("scope", summary.scope.to_owned()),
        ("operations", summary.operations.to_string()),
        ("timestamps", span.unwrap_or_else(|| "none".to_owned())),
        ("log digest", summary.log_digest),
        ("flaws", if flaws.is_empty() { "none".to_owned() } else { flaws.join(", ") }),
    ];
    lines.into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:<11} {value}")))
}
