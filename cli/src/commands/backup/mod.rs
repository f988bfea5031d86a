//! `backup`: copies of a node's directory. Made while it runs, verified without it, put back into a new directory.

mod create;
mod restore;
mod verify;

use std::path::Path;

use clap::Subcommand;
use dmpc_storage::backup::{BackupError, Manifest};
use serde::Serialize;

use crate::{
    context::Context,
    error::{CliError, Exit},
    hex,
    output::Output,
    time::rfc3339,
};

/// Subcommands of `backup`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Copy a node's directory as it is at one moment, also while the node runs.
    Create(create::Args),
    /// Verify that a backup is what was written, and that its log gives its digests.
    Verify(verify::Args),
    /// Put a backup into a new directory.
    Restore(restore::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create(args) => create::run(context, &args),
        Command::Verify(args) => verify::run(context, &args),
        Command::Restore(args) => restore::run(context, &args),
    }
}

/// A backup, as it is printed.
#[derive(Serialize)]
struct Summary {
    directory: String,
    node: String,
    taken: String,
    operations: u64,
    state_digest: String,
    log_digest: String,
    files: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

impl Summary {
    fn new(directory: &Path, manifest: &Manifest) -> Self {
        Self {
            directory: directory.display().to_string(),
            node: manifest.node.to_string(),
            taken: rfc3339(dmpc::Hlc::from_millis(manifest.taken_ms)),
            operations: manifest.operations,
            state_digest: hex::encode(&manifest.state_digest),
            log_digest: hex::encode(&manifest.log_digest),
            files: manifest.files.len(),
            bytes: manifest.bytes(),
            lost: None,
        }
    }

    fn print(&self, context: &Context, more: &[(&str, String)]) -> Result<(), CliError> {
        let mut output = Output::to_stdout();
        if context.json {
            output.json(self)?;
            return output.flush();
        }
        let lines = [
            ("directory", self.directory.clone()),
            ("node", self.node.clone()),
            ("taken", self.taken.clone()),
            ("operations", self.operations.to_string()),
            ("state digest", self.state_digest.clone()),
            ("log digest", self.log_digest.clone()),
            ("size", format!("{} files, {} bytes", self.files, self.bytes)),
        ];
        let lines = lines.into_iter().chain(more.iter().cloned());
        lines.into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:<13} {value}")))?;
        output.flush()
    }
}

/// What is damaged does not agree; the rest fails.
fn failure(error: BackupError) -> CliError {
    let exit = if error.is_damage() { Exit::Disagrees } else { Exit::Failed };
    CliError::command(exit, error, None)
}
