//! `channel close`: ends a channel for good. What was written stays readable.

use dmpc::{kinds::Kind, operation::Draft};
use serde::Serialize;

use crate::{context::Context, error::CliError, examples, naming::resolve, output, writer::Writer};

/// Arguments of `channel close`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel close garden"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
}

#[derive(Serialize)]
struct Closed {
    operation: String,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut writer = Writer::open(context).await?;
    let channel = resolve(context, &mut writer.session, &args.channel).await?;
    let operation = writer.sign(Draft::channel(Kind::ChannelClose, channel), |_| Ok(Vec::new())).await?;
    let kept = writer.submit(&operation).await?;
    output::object(context.json, Closed { operation: operation.id().to_string(), outcome: kept.word() }, |_, _| Ok(()))
}
