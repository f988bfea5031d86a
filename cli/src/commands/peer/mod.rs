//! `peer`: the nodes with which a node exchanges operations. Asked over the socket in its data directory, by its owner.

mod add;
mod list;
mod remove;
mod status;
mod sync;

use std::path::PathBuf;

use clap::Subcommand;

use crate::{context::Context, error::CliError};

/// Which node is asked.
#[derive(clap::Args, Debug)]
pub struct Of {
    /// Data directory of the node, which must be running.
    #[arg(long, env = "DMPC_DATA", hide_env_values = true, value_name = "DIR")]
    data: PathBuf,
}

/// Subcommands of `peer`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Exchange operations with another node from now on.
    Add(add::Args),
    /// List the peers, and what their owners need to know of this node.
    List(list::Args),
    /// Exchange operations with a peer no more.
    Remove(remove::Args),
    /// Ask a peer what differs, and exchange it; wait until that is done.
    Sync(sync::Args),
    /// Say how the exchanges stand.
    Status(status::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(args) => add::run(context, args),
        Command::List(args) => list::run(context, &args),
        Command::Remove(args) => remove::run(context, args),
        Command::Sync(args) => sync::run(context, args),
        Command::Status(args) => status::run(context, &args),
    }
}
