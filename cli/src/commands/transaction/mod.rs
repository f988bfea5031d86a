//! `transaction`: what travels to nodes, made and run in steps that pipes join and files carry.

mod answer;
mod generate;
mod run;
mod show;

use clap::Subcommand;

use crate::{context::Context, error::CliError};

/// Subcommands of `transaction`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a transaction of operations or of one request, sealed to nodes.
    Generate(generate::Args),
    /// Run transactions at the node. Anybody may.
    Run(run::Args),
    /// Show what transactions hold, as far as --identity may know, and what nodes said of them.
    Show(show::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Generate(args) => generate::run(context, args).await,
        Command::Run(args) => run::run(context, &args).await,
        Command::Show(args) => show::run(context, &args),
    }
}
