//! `name`: the local address book.

mod add;
mod list;
mod remove;

use clap::Subcommand;
use serde::Serialize;

use crate::{context::Context, error::CliError, examples};

/// Subcommands of `name`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Give a user or a channel a name, which counts before those that they have themselves.
    Add(add::Args),
    /// List the names.
    #[command(before_help = examples!["dmpc-cli name list", "dmpc-cli name list --json"])]
    List,
    /// Remove a name.
    Remove(remove::Args),
}

/// A name, as it is printed.
#[derive(Serialize)]
struct Shown {
    name: String,
    kind: &'static str,
    id: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(args) => add::run(context, args).await,
        Command::List => list::run(context),
        Command::Remove(args) => remove::run(context, &args),
    }
}
