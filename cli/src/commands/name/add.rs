//! `name add`: gives a name.

use clap::ArgGroup;
use dmpc::{ChannelId, UserId};

use super::Shown;
use crate::{
    context::Context,
    error::CliError,
    examples,
    naming::{NAME_BYTES_MAX, Users, resolve},
    output::{self, plain},
    session::Session,
};

/// Arguments of `name add`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["user", "channel"]))]
#[command(before_help = examples![
    "dmpc-cli name add bob --user dmpc1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s5ck8ut",
    "dmpc-cli name add garden --channel garden-2026",
])]
pub struct Args {
    /// The name.
    name: String,
    /// The user: an id, the beginning of one, or a name that it alone has.
    #[arg(long)]
    user: Option<String>,
    /// The channel: an id, the beginning of one, or a name that it alone has.
    #[arg(long)]
    channel: Option<String>,
    /// Replace the name, if something else has it.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let Args { name, user, channel, replace } = args;
    check(&name)?;
    let mut entries = context.book.entries()?;
    let taken = || CliError::Usage(format!("'{}' stands for something else; --replace replaces it", plain(&name)));
    let shown = match (user, channel) {
        (Some(user), _) => {
            let user = Users::new(context).resolve(&user).await?;
            let before = entries.users.insert(name.clone(), user);
            if before.is_some_and(|before| before != user) && !replace {
                return Err(taken());
            }
            Shown { name, kind: "user", id: user.to_string() }
        }
        (None, channel) => {
            let channel = channel_of(context, &channel.unwrap_or_default()).await?;
            let before = entries.channels.insert(name.clone(), channel);
            if before.is_some_and(|before| before != channel) && !replace {
                return Err(taken());
            }
            Shown { name, kind: "channel", id: channel.to_string() }
        }
    };
    context.book.write(&entries)?;
    output::object(context.json, shown, |output, shown| output.line(shown.id))
}

/// Needs a node only for what is no whole id.
async fn channel_of(context: &Context, text: &str) -> Result<ChannelId, CliError> {
    match text.parse() {
        Ok(channel) => Ok(channel),
        Err(_) => resolve(context, &mut Session::open(context).await?, text).await,
    }
}

/// That a name can be typed, and is not taken for something else.
fn check(name: &str) -> Result<(), CliError> {
    let is_id = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('1'));
    let is_fit = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.trim() == name && plain(name) == name;
    if is_fit && !name.contains(':') && !name.starts_with('-') && !is_id(UserId::PREFIX) && !is_id(ChannelId::PREFIX) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "'{}' cannot be a name: at most {NAME_BYTES_MAX} bytes, without ':', not like an id or an option",
        plain(name)
    )))
}
