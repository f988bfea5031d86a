//! `operation`: operations and requests as objects, in steps that pipes join and files carry.

mod again;
mod generate;
mod show;
mod sign;

use clap::Subcommand;

use crate::{context::Context, error::CliError, examples};

pub(super) use show::print_object;

/// Subcommands of `operation`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print a draft: what is to be signed.
    #[command(subcommand)]
    Generate(generate::Command),
    /// Sign drafts, or certify what another issued.
    Sign(sign::Args),
    /// Print again the operations that were signed here last for somebody to carry, oldest first: at most 1,024, of 4 MiB.
    /// For when they got lost between `operation sign` and `transaction run`.
    #[command(before_help = examples![
        "dmpc-cli operation again | dmpc-cli transaction generate -r node | dmpc-cli transaction run",
    ])]
    Again,
    /// Show what objects hold: who signed what, and that the signatures verify.
    Show(show::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Generate(command) => generate::run(context, command).await,
        Command::Sign(args) => sign::run(context, args).await,
        Command::Again => again::run(context).await,
        Command::Show(args) => show::run(context, &args),
    }
}
