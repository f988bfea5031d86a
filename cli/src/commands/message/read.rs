//! `message read`: the messages of a channel in their order, verified and opened.

use bytes::Bytes;
use dmpc::ChannelId;

use crate::{
    context::Context,
    error::CliError,
    examples,
    keyring::Keyring,
    message_line::{Among, Line, print},
    names::Names,
    naming::resolve,
    output::{Output, note},
    session::Session,
};

/// Arguments of `message read`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli message read --channel garden",
    "dmpc-cli message read --channel garden --backward --limit 10 --json",
])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    #[arg(long)]
    channel: String,
    /// At most so many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// From the latest to the first.
    #[arg(long)]
    backward: bool,
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
    let mut reading = Reading {
        channel,
        ring,
        names: Names::of_members(context, &answer.members)?,
        left: args.limit.unwrap_or(u64::MAX),
        backward: args.backward,
        unreadable: 0,
    };
    let mut output = Output::to_stdout();
    let mut cursor = Some(Bytes::new());
    while let Some(from) = cursor
        && reading.left > 0
    {
        cursor = reading.page(context, &mut session, from, &mut output).await?;
        output.flush()?;
    }
    if reading.unreadable > 0 {
        note(format_args!("note: {} of the messages cannot be read", reading.unreadable));
    }
    Ok(())
}

struct Reading {
    channel: ChannelId,
    ring: Keyring,
    names: Names,
    left: u64,
    backward: bool,
    unreadable: u64,
}

impl Reading {
    /// Prints a page; says where the next one begins.
    async fn page(
        &mut self,
        context: &Context,
        session: &mut Session,
        cursor: Bytes,
        output: &mut Output,
    ) -> Result<Option<Bytes>, CliError> {
        // 0 lets the node choose the size of its pages.
        let limit = u32::try_from(self.left).unwrap_or(0);
        let page = session.messages(self.channel, cursor, limit, self.backward).await?;
        let (positions, operations): (Vec<_>, Vec<_>) =
            page.messages.into_iter().map(|message| (message.position, message.operation)).unzip();
        let messages = self.ring.read(operations, context.rng());
        let authors = messages.iter().filter_map(|message| Some(message.as_ref().ok()?.author));
        self.names.look_up(session, authors).await?;
        for (position, message) in positions.into_iter().zip(messages) {
            if self.left == 0 {
                return Ok(None);
            }
            self.left -= 1;
            let message = message.map_err(|error| CliError::Answer(format!("at position {position}: {error}")))?;
            self.unreadable += u64::from(message.text.is_err());
            let name = self.names.get(&message.author);
            print(output, context.json, &Line { among: Among::Messages { position }, name, message: &message })?;
        }
        Ok((!page.cursor.is_empty()).then_some(page.cursor))
    }
}
