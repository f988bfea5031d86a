//! `channel members add`: adds members, with the keys that they need.

use std::path::PathBuf;

use super::change::{Change, apply};
use crate::{context::Context, error::CliError, examples, member_list::collect, rights::MemberArg};

/// Arguments of `channel members add`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli channel members add garden carol:rw",
    "dmpc-cli channel members add garden carol:r --history",
])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
    /// Members and their rights: r read, w write, c close, m manage.
    #[arg(value_name = "USER:RIGHTS", required_unless_present = "members")]
    named: Vec<MemberArg>,
    /// A list of members, one USER or USER:RIGHTS a line; rw where a line says nothing. `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    members: Option<PathBuf>,
    /// Let them read the past: give them the keys of earlier epochs too, as far as you have them.
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
    let set = collect(context, args.named, args.members.as_deref()).await?;
    let change = Change {
        set,
        again: true,
        history: args.history,
        trust_rotated_keys: args.trust_rotated_keys,
        ..Change::default()
    };
    apply(context, &args.channel, &change).await
}
