//! `name remove`: forgets a name.

use serde::Serialize;

use crate::{
    context::Context,
    error::CliError,
    examples,
    output::{self, plain},
};

/// Arguments of `name remove`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli name remove bob"])]
pub struct Args {
    /// The name; of a user and of a channel, if both have it.
    name: String,
}

#[derive(Serialize)]
struct Removed<'a> {
    name: &'a str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let mut entries = context.book.entries()?;
    let (user, channel) = (entries.users.remove(&args.name), entries.channels.remove(&args.name));
    if user.is_none() && channel.is_none() {
        return Err(CliError::NotFound(format!("the address book has no name '{}'", plain(&args.name))));
    }
    context.book.write(&entries)?;
    output::object(context.json, Removed { name: &args.name }, |_, _| Ok(()))
}
