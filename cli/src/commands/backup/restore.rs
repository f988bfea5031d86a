//! `backup restore`: a backup as the data directory of a node.

use std::path::PathBuf;

use dmpc_storage::backup::{Manifest, restore, since};

use super::{Summary, failure};
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, node_directory,
    progress::Progress,
};

/// Put a backup into a new directory, verified on the way.
///
/// What the node acknowledged after the backup was made is not in it: whoever has it offers it again (clients have what is in
/// their outboxes, other nodes and exported logs what they hold). Cursors that the node gave after that are answered `reset`.
/// Never run the node in both directories.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli backup restore backups/monday data",
    "dmpc-cli backup restore backups/monday data --instead-of data.broken",
])]
pub struct Args {
    /// Directory of the backup.
    #[arg(value_name = "BACKUP")]
    from: PathBuf,
    /// Data directory to make.
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// File of the node's keys, for a backup without them.
    #[arg(long = "node-identity", value_name = "FILE")]
    node_identity: Option<PathBuf>,
    /// The data directory that it stands in for: says how much that acknowledged since.
    #[arg(long, value_name = "DIR")]
    instead_of: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// [`CliError`]; there is no directory then.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let (bar, scratch) = (Progress::of("bytes"), node_directory::scratch()?);
    let identity = args.node_identity.as_deref();
    let restored = restore(&args.from, &args.to, identity, scratch.path(), |done, all| bar.at(done, all));
    bar.finish();
    let manifest = restored.map_err(failure)?;
    let lost = args.instead_of.as_deref().map(|old| lost(&node_directory::store(old), &manifest)).transpose()?;
    let summary = Summary { lost, ..Summary::new(&args.to, &manifest) };
    let lost = match lost {
        None => "what was acknowledged after that; --instead-of counts it".to_owned(),
        Some(0) => "nothing that was acknowledged".to_owned(),
        Some(count) => format!("{count} operations that were acknowledged after that"),
    };
    summary.print(context, &[("not in it", lost)])
}

fn lost(store: &std::path::Path, manifest: &Manifest) -> Result<u64, CliError> {
    since(store, manifest).map_err(|error| CliError::command(Exit::Failed, error, None))
}
