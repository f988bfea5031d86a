//! `channel members`: who reads, writes, closes and manages.

mod add;
pub(in crate::commands) mod change;
mod list;
mod remove;
mod set;

use clap::Subcommand;

use crate::{context::Context, error::CliError};

/// Subcommands of `channel members`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Add members, and give them the current key; those who are members already are given it again.
    Add(add::Args),
    /// Give members other rights. Taking `read` away opens a new epoch.
    Set(set::Args),
    /// Remove members. Removing one who reads opens a new epoch.
    Remove(remove::Args),
    /// List the members.
    List(list::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(args) => add::run(context, args).await,
        Command::Set(args) => set::run(context, args).await,
        Command::Remove(args) => remove::run(context, args).await,
        Command::List(args) => list::run(context, args).await,
    }
}
