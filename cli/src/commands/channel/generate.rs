//! `channel generate`: a channel object. Its key is made when the open is drafted.

use clap::ArgGroup;
use rand_core::RngCore;

use crate::{
    context::Context,
    error::CliError,
    examples, hex,
    naming::Users,
    object::{ChannelDraft, Object},
    output::Output,
    rights::MemberArg,
};

/// Bytes of the nonce that make the end of a name.
const NAME_BYTES: usize = 4;

/// Arguments of `channel generate`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("label").required(true).args(["name", "prefix"]))]
#[command(before_help = examples![
    "dmpc-cli channel generate --prefix ops --member alice:rw | dmpc-cli operation generate channel open",
])]
pub struct Args {
    /// A name for people; it proves nothing.
    #[arg(long)]
    name: Option<String>,
    /// The same with a random end, so that hardly another channel has it: `ops` becomes `ops-1f0a4c22`.
    #[arg(long)]
    prefix: Option<String>,
    /// A member, by id or by a name that it alone has, and its rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long = "member", value_name = "USER:RIGHTS")]
    members: Vec<MemberArg>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let members = Users::new(context).members(&args.members).await?;
    let mut nonce = [0; 32];
    context.rng().fill_bytes(&mut nonce);
    let name = match (args.name, args.prefix) {
        (Some(name), _) => name,
        (None, Some(prefix)) => {
            let end: Vec<u8> = nonce.iter().copied().take(NAME_BYTES).collect();
            format!("{prefix}-{}", hex::encode(&end))
        }
        (None, None) => String::new(),
    };
    let mut output = Output::to_stdout();
    output.json(&Object::Channel(ChannelDraft { nonce, name, members }))?;
    output.flush()
}
