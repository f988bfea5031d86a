//! `log export`: the operations of a node's log, as they were received, in one file.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use dmpc::Hlc;
use dmpc_storage::{
    StoreError,
    export::{ExportError, Selection, write_log},
    identity_file::{directory_of, sync_directory},
    log_file::{LogFileError, Trailer},
};
use serde::Serialize;

use super::file;
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, hex,
    naming::in_book,
    node_directory,
    output::{Output, note},
    progress::Progress,
    time,
};

/// Write the log of a node, or a part of it, to a file.
///
/// The node may be running. The file is there when it is whole, or not at all. Filters that are given must all hold; each
/// makes the file a part of the log, which can be verified and loaded like a whole one.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli log export --data data all.log",
    "dmpc-cli log export --data backups/monday --until 2026-01-31T00:00:00Z january.log",
])]
pub struct Args {
    /// File to write; `-` for stdout.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data directory of a node, or a backup.
    #[arg(long, env = "DMPC_DATA", hide_env_values = true, value_name = "DIR")]
    data: PathBuf,
    /// Operations of this channel; may be given several times.
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// Operations that this user issued or certified, or that create or update it; may be given several times.
    #[arg(long, value_name = "USER")]
    user: Vec<String>,
    /// Operations stamped at this time or later: 2026-01-31T12:00:00Z, milliseconds since 1970, or milliseconds.counter.
    #[arg(long, value_name = "TIME", value_parser = time::parse_from)]
    from: Option<Hlc>,
    /// Operations stamped at this time or earlier.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Hlc>,
    /// Put the file in the place of one that is there.
    #[arg(long)]
    force: bool,
}

/// What was written, as it is printed.
#[derive(Serialize)]
struct Summary {
    file: String,
    scope: &'static str,
    operations: u64,
    log_digest: String,
}

/// Runs it.
///
/// # Errors
/// [`CliError::Disagrees`] for a log that is damaged; [`CliError`] when it cannot be read or written.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let selection = Selection {
        channels: args.channel.iter().map(|text| in_book(&context.book, text)).collect::<Result<_, _>>()?,
        users: args.user.iter().map(|text| in_book(&context.book, text)).collect::<Result<_, _>>()?,
        from: args.from,
        until: args.until,
    };
    let to_stdout = args.file == Path::new("-");
    let trailer = if to_stdout {
        export(args, &selection, BufWriter::new(io::stdout().lock()))?
    } else {
        to_file(args, &selection)?
    };
    let scope = if selection.is_everything() { "whole" } else { "part" };
    let (operations, log_digest) = (trailer.operations, hex::encode(&trailer.log_digest));
    let said = format!("{operations} operations, log digest {log_digest}");
    match (to_stdout, context.json) {
        (true, _) => note(said),
        (false, true) => {
            let summary = Summary { file: args.file.display().to_string(), scope, operations, log_digest };
            let mut output = Output::to_stdout();
            output.json(&summary)?;
            output.flush()?;
        }
        (false, false) => {
            let mut output = Output::to_stdout();
            output.line(said)?;
            output.flush()?;
        }
    }
    Ok(())
}

fn to_file(args: &Args, selection: &Selection) -> Result<Trailer, CliError> {
    let failed = |source| CliError::File { path: args.file.clone(), source };
    if !args.force && args.file.exists() {
        return Err(CliError::Usage(format!("{} exists; --force puts the new file in its place", args.file.display())));
    }
    let directory = directory_of(&args.file);
    let mut file = tempfile::Builder::new().prefix(".dmpc-log-").tempfile_in(&directory).map_err(failed)?;
    let trailer = export(args, selection, BufWriter::new(file.as_file_mut()))?;
    file.as_file().sync_all().map_err(failed)?;
    let named = if args.force { file.persist(&args.file) } else { file.persist_noclobber(&args.file) };
    named.map_err(|error| failed(error.error))?;
    sync_directory(&directory).map_err(failed)?;
    Ok(trailer)
}

fn export(args: &Args, selection: &Selection, to: impl Write) -> Result<Trailer, CliError> {
    let (scratch, bar) = (node_directory::scratch()?, Progress::of("operations"));
    let store = node_directory::store(&args.data);
    let written = write_log(&store, scratch.path(), selection, to, |seen, all| bar.at(seen, all));
    bar.finish();
    written.map(|(_, trailer)| trailer).map_err(|error| failure(args, error))
}

fn failure(args: &Args, error: ExportError) -> CliError {
    match error {
        ExportError::Write(LogFileError::Io(source)) if source.kind() == io::ErrorKind::BrokenPipe => {
            CliError::BrokenPipe
        }
        ExportError::Write(error) => file::failure(&args.file, error),
        ExportError::Store(error @ (StoreError::BadOperation { .. } | StoreError::Damaged { .. })) => {
            CliError::command(Exit::Disagrees, error, Some(audit(args)))
        }
        error @ (ExportError::Count { .. } | ExportError::Digest) => {
            CliError::command(Exit::Disagrees, error, Some(audit(args)))
        }
        ExportError::Store(error) => CliError::command(Exit::Failed, error, None),
    }
}

fn audit(args: &Args) -> String {
    format!("dmpc-cli replay --data {} says more", args.data.display())
}
