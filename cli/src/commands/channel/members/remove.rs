//! `channel members remove`: removes members; those who stay get a new key that the removed do not have.

use super::change::{Change, apply};
use crate::{context::Context, error::CliError, examples, naming::Users};

/// Arguments of `channel members remove`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel members remove garden bob"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
    /// Who is removed. Everybody may remove itself.
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    /// Take keys of those who stay that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let remove = Users::new(context).resolve_all(&args.users).await?;
    let change = Change { remove, present: true, trust_rotated_keys: args.trust_rotated_keys, ..Change::default() };
    apply(context, &args.channel, &change).await
}
