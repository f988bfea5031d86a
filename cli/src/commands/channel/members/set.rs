//! `channel members set`: gives members other rights.

use super::change::{Change, apply};
use crate::{context::Context, error::CliError, examples, naming::Users, rights::MemberArg};

/// Arguments of `channel members set`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel members set garden bob:r"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
    /// Members and the rights that they have from now on: r read, w write, c close, m manage.
    #[arg(value_name = "USER:RIGHTS", required = true)]
    named: Vec<MemberArg>,
    /// Let those who may read from now on read the past too.
    #[arg(long)]
    history: bool,
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let change = Change {
        set: Users::new(context).members(&args.named).await?,
        present: true,
        history: args.history,
        trust_rotated_keys: args.trust_rotated_keys,
        ..Change::default()
    };
    apply(context, &args.channel, &change).await
}
