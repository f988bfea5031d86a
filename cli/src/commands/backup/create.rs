//! `backup create`: a copy of a node's directory as it is at one moment.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use dmpc_storage::{
    StoreError,
    backup::{BackupError, Hold, IDENTITY, Manifest, Order, create},
};

use super::{Summary, failure};
use crate::{
    checkpoint::Checkpoint,
    context::Context,
    error::{CliError, Exit},
    examples, node_directory,
    progress::Progress,
};

/// How often a node in the middle of a re-judgement is asked, once a second.
const TRIES_MAX: u32 = 60;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Copy a node's directory as it is at one moment, also while the node runs.
///
/// A running node is asked, over the socket in its data directory, to make a checkpoint of its database, which takes a
/// moment and stops nothing; that is copied. Everything that the node acknowledged before is in the copy. The node's keys
/// are in it too: keep it as secret as the node. The directory is there when it is whole and on disk, or not at all.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli backup create --data data backups/monday",
    "dmpc-cli backup create --data data --without-identity /mnt/elsewhere/monday",
])]
pub struct Args {
    /// Directory to make.
    #[arg(value_name = "BACKUP")]
    to: PathBuf,
    /// Data directory of the node.
    #[arg(long, env = "DMPC_DATA", hide_env_values = true, value_name = "DIR")]
    data: PathBuf,
    /// Leave the node's keys out; they are needed to put the backup back.
    #[arg(long)]
    without_identity: bool,
}

/// Runs it.
///
/// # Errors
/// [`CliError`]; there is no backup then.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let mut tries = 1;
    let manifest = loop {
        match make(context, args) {
            Err(BackupError::Store(StoreError::Rejudging)) if tries < TRIES_MAX => thread::sleep(PAUSE),
            made => break made.map_err(hinted)?,
        }
        tries += 1;
    };
    Summary::new(&args.to, &manifest).print(context, &[])
}

fn make(context: &Context, args: &Args) -> Result<Manifest, BackupError> {
    let store = node_directory::store(&args.data);
    match Hold::take(&store) {
        Ok(_held) => copy(context, args, &store),
        Err(StoreError::Locked(_)) => {
            let checkpoint = Checkpoint::ask(&args.data).map_err(|error| BackupError::Io {
                action: "ask the node in",
                path: args.data.clone(),
                error,
            })?;
            copy(context, args, &checkpoint.directory)
        }
        Err(error) => Err(error.into()),
    }
}

fn copy(context: &Context, args: &Args, store: &Path) -> Result<Manifest, BackupError> {
    let scratch = tempfile::tempdir();
    let scratch = scratch.map_err(|error| BackupError::Io { action: "make", path: std::env::temp_dir(), error })?;
    let (identity, bar) = (args.data.join(IDENTITY), Progress::of("bytes"));
    let order = Order {
        store,
        identity: (!args.without_identity).then_some(identity.as_path()),
        to: &args.to,
        scratch: scratch.path(),
        now_ms: context.clock.now_ms(),
    };
    let made = create(order, |done, all| bar.at(done, all));
    bar.finish();
    made
}

fn hinted(error: BackupError) -> CliError {
    match error {
        BackupError::Io { action: "ask the node in", .. } => {
            let hint = "the node must run as the owner of its data directory, and this command too";
            CliError::command(Exit::Failed, error, Some(hint.to_owned()))
        }
        BackupError::Store(StoreError::Rejudging) => {
            let hint = "a running node finishes it by itself; a stopped one at its next start";
            CliError::command(Exit::Failed, error, Some(hint.to_owned()))
        }
        error => failure(error),
    }
}
