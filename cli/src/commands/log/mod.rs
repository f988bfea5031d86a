//! `log`: logs as files. Exported from a node's directory, verified without a node, loaded into another one, and searched for
//! what their lanes are evidence of.

mod equivocations;
mod export;
mod file;
mod gaps;
mod lanes;
mod load;
mod verify;

use clap::Subcommand;

pub(crate) use file::failure;

use crate::{context::Context, error::CliError};

/// Subcommands of `log`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write the log of a node, or a part of it, to a file.
    Export(export::Args),
    /// Verify an exported log by itself, without a node.
    Verify(verify::Args),
    /// Offer the operations of an exported log to the node.
    Load(load::Args),
    /// List what lanes are evidence of: gaps, times that go back, places that name another one before them.
    Gaps(gaps::Args),
    /// List equivocations: two operations that one key certified for one place; or export them as proofs.
    Equivocations(equivocations::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Export(args) => export::run(context, &args),
        Command::Verify(args) => verify::run(context, &args),
        Command::Load(args) => load::run(context, &args).await,
        Command::Gaps(args) => gaps::run(context, &args),
        Command::Equivocations(args) => equivocations::run(context, &args),
    }
}
