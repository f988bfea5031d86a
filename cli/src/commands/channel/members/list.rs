//! `channel members list`: the members of a channel and their rights.

use super::super::shown;
use crate::{context::Context, error::CliError, examples, naming::resolve, output, session::Session};

/// Arguments of `channel members list`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel members list garden"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    let members = session.channel(channel).await?.members;
    let members = members.iter().map(shown::member).collect::<Result<Vec<_>, _>>()?;
    output::list(context.json, members, |output, members| shown::member_table(output, &members))
}
