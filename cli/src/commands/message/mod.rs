//! `message`: sends and reads messages.

mod read;
mod send;

use clap::Subcommand;

use crate::{context::Context, error::CliError};

/// Subcommands of `message`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Send a message, sealed to the members of a channel.
    Send(send::Args),
    /// Read the messages of a channel, in their order.
    Read(read::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Send(args) => send::run(context, args).await,
        Command::Read(args) => read::run(context, args).await,
    }
}
