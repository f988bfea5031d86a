//! `channel generate`: a channel object. Its key is made when the open is drafted.

use clap::ArgGroup;
use dmpc::kinds::Member;
use rand_core::RngCore;

use crate::{
    context::Context,
    error::CliError,
    hex,
    object::{ChannelDraft, Object},
    output::Output,
    rights::NamedMemberArg,
    user_name::UserNames,
};

/// Bytes of the nonce that make the end of a name.
const NAME_BYTES: usize = 4;

/// Arguments of `channel generate`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("label").required(true).args(["name", "prefix"]))]
pub struct Args {
    /// A name for people; it proves nothing.
    #[arg(long)]
    name: Option<String>,
    /// The same with a random end, so that hardly another channel has it: `ops` becomes `ops-1f0a4c22`.
    #[arg(long)]
    prefix: Option<String>,
    /// A member, by id or by a name that it alone has, and its rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long = "member", value_name = "USER:RIGHTS")]
    members: Vec<NamedMemberArg>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut names = UserNames::new(context);
    let mut members = Vec::with_capacity(args.members.len());
    for member in &args.members {
        members.push(Member { user: names.resolve(&member.user).await?, rights: member.rights });
    }
    members.sort_by_key(|member| member.user);
    if let Some([twice, ..]) = members.windows(2).find(|pair| matches!(pair, [a, b] if a.user == b.user)) {
        return Err(CliError::Usage(format!("{} is named twice", twice.user)));
    }
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
