//! `channel`: opens channels, changes their members, closes and shows them.

mod close;
mod epoch;
mod generate;
mod list;
pub(super) mod members;
mod open;
mod read;
pub(super) mod shown;

use clap::Subcommand;

use crate::{context::Context, error::CliError, examples};

/// Subcommands of `channel`. CHANNEL is an id, or a name that one channel alone has.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Open a channel. Its messages are sealed to the members; you have all rights.
    Open(open::Args),
    /// For pipes: print a channel object, which `operation generate channel open` takes. It has no key yet.
    Generate(generate::Args),
    /// Add members, change their rights, remove them, list them.
    #[command(subcommand)]
    Members(members::Command),
    /// Open a new epoch: a new key for everybody who reads at present.
    Epoch(epoch::Args),
    /// Close a channel for good.
    Close(close::Args),
    /// Show a channel, its members and its epochs.
    Read(read::Args),
    /// List the channels that you may see.
    #[command(before_help = examples!["dmpc-cli channel list", "dmpc-cli channel list --json"])]
    List,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Open(args) => open::run(context, args).await,
        Command::Generate(args) => generate::run(context, args).await,
        Command::Members(command) => members::run(context, command).await,
        Command::Epoch(args) => epoch::run(context, args).await,
        Command::Close(args) => close::run(context, args).await,
        Command::Read(args) => read::run(context, args).await,
        Command::List => list::run(context).await,
    }
}
