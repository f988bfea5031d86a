//! `channel epoch`: opens a further epoch, whose key goes to everybody who reads at present.

use serde::Serialize;

use crate::{context::Context, epochs, error::CliError, examples, naming::resolve, output, writer::Writer};

/// Arguments of `channel epoch`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli channel epoch garden"])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
    /// Take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Shown {
    epoch: String,
    wraps: usize,
    operations: Vec<String>,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut writer = Writer::open(context).await?;
    let channel = resolve(context, &mut writer.session, &args.channel).await?;
    let answer = writer.session.channel(channel).await?;
    let opened = epochs::open(context, &mut writer, channel, &answer, args.trust_rotated_keys).await?;
    output::object(
        context.json,
        Shown {
            epoch: opened.key.key_id().to_string(),
            wraps: opened.wraps,
            operations: opened.operations,
            outcome: opened.kept.word(),
        },
        |output, _| output.line(opened.key.key_id()),
    )
}
