//! `channel read`: shows a channel, its members and its epochs.

use serde::Serialize;

use super::shown;
use crate::{
    context::Context,
    error::CliError,
    examples,
    keyring::Keyring,
    naming::resolve,
    output::{self, Output, plain},
    session::Session,
};

/// Arguments of `channel read`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel read garden", "dmpc-cli channel read garden --json"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
}

#[derive(Serialize)]
struct Shown {
    channel: shown::Channel,
    members: Vec<shown::Member>,
    epochs: Vec<shown::Epoch>,
    /// Somebody who could read left since the last epoch: a new one is due before the next message.
    epoch_due: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    let answer = session.channel(channel).await?;
    let ring = Keyring::open(&session.identity, channel, &answer.epochs)?;
    let info = answer.channel.ok_or_else(|| CliError::Answer("it has no channel".to_owned()))?;
    let epochs = answer.epochs.iter().map(|epoch| shown::epoch(epoch, |key_id| ring.has(key_id)));
    let shown = Shown {
        channel: shown::channel(&info)?,
        members: answer.members.iter().map(shown::member).collect::<Result<_, _>>()?,
        epochs: epochs.collect::<Result<_, _>>()?,
        epoch_due: answer.epoch_due,
    };
    output::object(context.json, shown, |output, shown| print(output, &shown))
}

fn print(output: &mut Output, shown: &Shown) -> Result<(), CliError> {
    let channel = &shown.channel;
    output.line(format_args!("channel:  {}", channel.id))?;
    output.line(format_args!("name:     {}", plain(&channel.name)))?;
    output.line(format_args!("opened:   {} by {}", channel.opened_at, channel.opener))?;
    output.line(format_args!("closed:   {}", channel.closed_at.as_deref().unwrap_or("no")))?;
    output.line(format_args!("messages: {}", channel.messages))?;
    output.line(format_args!("rights:   {}", channel.rights))?;
    if shown.epoch_due {
        output.line("a new epoch is due before the next message: dmpc-cli channel epoch CHANNEL")?;
    }
    output.line("")?;
    shown::member_table(output, &shown.members)?;
    output.line("")?;
    let row = |epoch: &shown::Epoch| {
        let readable = if epoch.readable { "yes" } else { "no" };
        vec![epoch.key_id.clone(), epoch.introduced_at.clone(), readable.to_owned()]
    };
    output.table(&["EPOCH", "INTRODUCED", "READABLE"], shown.epochs.iter().map(row).collect())
}
