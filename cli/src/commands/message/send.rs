//! `message send`: seals a text under the channel's current epoch, signs it and sends it.

use dmpc::{
    ChannelId, Rights,
    kinds::ChannelMessage,
    operation::Draft,
    seal::{EpochKey, NONCE_BYTES, seal_content},
};
use rand_core::RngCore;
use serde::Serialize;

use crate::{
    context::Context,
    epochs::{for_message, require_open, rights},
    error::CliError,
    examples,
    message_text::message_text,
    naming::resolve,
    output::{self, note},
    time,
    writer::Writer,
};

/// Arguments of `message send`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli message send --channel garden 'Are the potatoes in?'",
    "dmpc-cli message send --channel garden - < letter.txt",
])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    #[arg(long)]
    channel: String,
    /// The text; `-` reads it from stdin.
    text: String,
    /// If a new epoch is due, take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Sent {
    operation: String,
    timestamp: String,
    counter: u64,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let text = message_text(args.text)?;
    let mut writer = Writer::open(context).await?;
    let channel = resolve(context, &mut writer.session, &args.channel).await?;
    let epoch = epoch(context, &mut writer, channel, args.trust_rotated_keys).await?;

    let mut nonce = [0; NONCE_BYTES];
    context.rng().fill_bytes(&mut nonce);
    let operation = writer.sign(Draft::message(channel, epoch.key_id()), |header| {
        let ciphertext = seal_content(&epoch, &channel, header, &nonce, text.as_bytes())?;
        Ok(ChannelMessage::encode(nonce, ciphertext))
    });
    let operation = operation.await?;
    let kept = writer.submit(&operation).await?;
    output::object(
        context.json,
        Sent {
            operation: operation.id().to_string(),
            timestamp: time::rfc3339(operation.timestamp()),
            counter: operation.timestamp().counter(),
            outcome: kept.word(),
        },
        |output, _| output.line(operation.id()),
    )
}

/// The key that a message is sealed under; the epoch that is due is opened first.
async fn epoch(
    context: &Context,
    writer: &mut Writer,
    channel: ChannelId,
    trust_rotated: bool,
) -> Result<EpochKey, CliError> {
    let answer = writer.session.epochs(channel).await?;
    // What would be rejected is not sent: a rejected operation stays in the log for good.
    if !rights(require_open(&answer)?).contains(Rights::WRITE) {
        return Err(CliError::Denied("you may not write in this channel".to_owned()));
    }
    let (key, first) = for_message(context, &mut writer.session, channel, &answer, trust_rotated).await?;
    if let Some(epoch) = first {
        let signed = writer.sign_parts(channel, &epoch.parts).await?;
        writer.submit_all(&signed).await?;
        note("note: somebody who could read has left; a new epoch was opened first");
    }
    Ok(key)
}
