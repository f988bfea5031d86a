//! `backup verify`: that a backup is what was written, and means what it says.

use std::path::PathBuf;

use dmpc_storage::{
    backup::verify,
    replay::{Options, replay},
};

use super::{Summary, failure};
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples, node_directory,
    progress::Progress,
};

/// Verify that a backup is what was written, and that its log gives its digests.
///
/// Every file is compared with its hash, then the log is folded from nothing, as `replay` does. Exits with 3 and names the
/// first file or operation that is not right.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli backup verify backups/monday",
    "dmpc-cli backup verify --quick backups/monday",
])]
pub struct Args {
    /// Directory of the backup.
    #[arg(value_name = "BACKUP")]
    directory: PathBuf,
    /// Compare files alone, and fold nothing.
    #[arg(long, conflicts_with = "signatures")]
    quick: bool,
    /// Verify every signature again, and compare everything that the node derived with what follows from the log.
    #[arg(long)]
    signatures: bool,
}

/// Runs it.
///
/// # Errors
/// [`CliError`]; its exit code is 3 when the backup is damaged.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let bar = Progress::of("bytes");
    let verified = verify(&args.directory, node_directory::scratch()?.path(), |done, all| bar.at(done, all));
    bar.finish();
    let manifest = verified.map_err(failure)?;
    if !args.quick {
        let (bar, scratch) = (Progress::of("operations"), node_directory::scratch()?);
        let options = Options { signatures: args.signatures, families: args.signatures, ..Options::default() };
        let store = node_directory::store(&args.directory);
        let mut random = context.random;
        let replayed = replay(&store, scratch.path(), options, &mut random, |done, all| bar.at(done, all));
        bar.finish();
        let report = replayed.map_err(|error| CliError::command(Exit::Failed, error, None))?;
        match (report.fault(), report.agrees()) {
            (_, true) => {}
            (Some(fault), false) => return Err(CliError::Disagrees(fault.to_string())),
            (None, false) => return Err(CliError::Disagrees("the digests do not agree with the log".to_owned())),
        }
    }
    let folded = match (args.quick, args.signatures) {
        (true, _) => "files as written; the log was not folded",
        (false, false) => "files as written; the log gives these digests",
        (false, true) => "files as written; the log gives these digests, every signature verifies",
    };
    Summary::new(&args.directory, &manifest).print(context, &[("verified", folded.to_owned())])
}
