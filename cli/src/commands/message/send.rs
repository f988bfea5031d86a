//! `message send`: seals a text under the channel's current epoch, signs it and sends it.

use std::io::{self, Read};

use dmpc::{
    Rights,
    kinds::ChannelMessage,
    operation::Draft,
    seal::{NONCE_BYTES, seal_content},
    v1,
};
use rand_core::RngCore;
use serde::Serialize;

use crate::{
    channel_name::resolve, context::Context, error::CliError, keyring::Keyring, output::Output, time, writer::Writer,
};

/// Bytes of a text; with seal and signature it stays below what an operation may have.
const TEXT_BYTES_MAX: usize = 500 * 1024;

/// Arguments of `message send`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    #[arg(long)]
    channel: String,
    /// The text; `-` reads it from stdin.
    text: String,
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
    let text = text(args.text)?;
    let mut writer = Writer::open(context).await?;
    let channel = resolve(&mut writer.session, &args.channel).await?;
    let answer = writer.session.epochs(channel).await?;
    require_writable(answer.channel.as_ref())?;
    let ring = Keyring::open(&writer.session.identity, channel, &answer.epochs)?;
    let epoch = ring.current()?;

    let mut nonce = [0; NONCE_BYTES];
    context.rng().fill_bytes(&mut nonce);
    let operation = writer.sign(Draft::message(channel, epoch.key_id()), |header| {
        let ciphertext = seal_content(epoch, &channel, header, &nonce, text.as_bytes())?;
        Ok(ChannelMessage::encode(nonce, ciphertext))
    })?;
    let kept = writer.submit(&operation).await?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Sent {
            operation: operation.id().to_string(),
            timestamp: time::rfc3339(operation.timestamp()),
            counter: operation.timestamp().counter(),
            outcome: kept.word(),
        })?;
    } else {
        output.line(operation.id())?;
    }
    output.flush()
}

/// What would be rejected is not sent: a rejected operation stays in the log for good.
fn require_writable(channel: Option<&v1::Channel>) -> Result<(), CliError> {
    let channel = channel.ok_or_else(|| CliError::Answer("it has no channel".to_owned()))?;
    if channel.closed_at != 0 {
        return Err(CliError::Denied("the channel is closed".to_owned()));
    }
    if !Rights::from_bits(channel.rights).is_some_and(|rights| rights.contains(Rights::WRITE)) {
        return Err(CliError::Denied("you may not write in this channel".to_owned()));
    }
    Ok(())
}

fn text(argument: String) -> Result<String, CliError> {
    let text = if argument == "-" { read_stdin()? } else { argument };
    if text.is_empty() {
        return Err(CliError::Usage("there is nothing to send: the text is empty".to_owned()));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(CliError::Usage(format!("the text has more than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// All of stdin, without the newline that ends it.
fn read_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
    io::stdin().take(limit).read_to_string(&mut text).map_err(CliError::file("stdin"))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
