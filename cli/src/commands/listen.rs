//! `listen`: what happens in a channel, as it happens, opened. Stays until it is interrupted.

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, OpId, OpKey, SignedOperation, v1};
use serde::Serialize;

use crate::{
    answer::id,
    client::Events,
    context::Context,
    error::CliError,
    examples, hex,
    keyring::Keyring,
    message_line::{Among, Line, print},
    names::Names,
    naming::resolve,
    output::{Output, note, plain},
    session::Session,
    time,
};

/// Arguments of `listen`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli listen --channel garden",
    "dmpc-cli listen --channel garden --from-now --json",
])]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    #[arg(long)]
    channel: String,
    /// Start at the present, not at the beginning.
    #[arg(long, conflicts_with = "after")]
    from_now: bool,
    /// Go on after the event with this cursor, which --json prints.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// End after so many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Serialize)]
struct Happened<'a> {
    event: &'static str,
    timestamp: String,
    counter: u64,
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<Through>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    cursor: String,
}

/// The end of a range of messages.
#[derive(Serialize)]
struct Through {
    timestamp: String,
    counter: u64,
    operation: String,
    count: u64,
}

impl Through {
    /// Of an event, if it is about a range.
    fn of(event: &v1::Event) -> Result<Option<Self>, CliError> {
        if event.through.is_empty() {
            return Ok(None);
        }
        let OpKey { timestamp, id: last } = id(OpKey::from_slice(&event.through))?;
        let (counter, operation) = (timestamp.counter(), last.to_string());
        Ok(Some(Self { timestamp: time::rfc3339(timestamp), counter, operation, count: event.count }))
    }
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let after = args.after.as_deref().map_or(Some(Vec::new()), hex::decode);
    let after = after.ok_or_else(|| CliError::Usage("--after is no cursor".to_owned()))?;
    // One connection listens, another asks: a question must not wait behind events that nobody takes meanwhile.
    let mut asking = Session::open(context).await?;
    let mut listening = Session::open(context).await?;
    let channel = resolve(context, &mut asking, &args.channel).await?;
    let (ring, names) = look(context, &mut asking, channel).await?;
    let mut events = listening.subscribe(channel, after.into(), args.from_now).await?;
    let mut listener =
        Listener { channel, ring, names, stale: false, live: false, left: args.count, output: Output::to_stdout() };
    tokio::select! {
        ended = listener.follow(context, &mut asking, &mut listening, &mut events) => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(CliError::file("the signal handler")),
    }
}

async fn look(context: &Context, session: &mut Session, channel: ChannelId) -> Result<(Keyring, Names), CliError> {
    let answer = session.channel(channel).await?;
    Ok((Keyring::open(&session.identity, channel, &answer.epochs)?, Names::of_members(context, &answer.members)?))
}

struct Listener {
    channel: ChannelId,
    ring: Keyring,
    names: Names,
    /// Members or epochs changed since the channel was looked at, or may have.
    stale: bool,
    /// Everything stored has come. Before that, the present keys and names are at hand already.
    live: bool,
    left: Option<u64>,
    output: Output,
}

impl Listener {
    async fn follow(
        &mut self,
        context: &Context,
        asking: &mut Session,
        listening: &mut Session,
        events: &mut Events,
    ) -> Result<(), CliError> {
        while let Some(batch) = events.recv().await {
            for event in listening.unseal(batch?)?.events {
                self.event(context, asking, &event).await?;
                if self.left == Some(0) {
                    return self.output.flush();
                }
            }
            self.output.flush()?;
        }
        Err(CliError::Disconnected("the node ended the subscription".to_owned()))
    }

    async fn event(&mut self, context: &Context, asking: &mut Session, event: &v1::Event) -> Result<(), CliError> {
        let name = match event.kind() {
            v1::EventKind::Message => return self.message(context, asking, event).await,
            v1::EventKind::Opened => "opened",
            v1::EventKind::Closed => "closed",
            v1::EventKind::Members => "members",
            v1::EventKind::Epoch => "epoch",
            v1::EventKind::Retracted => "retracted",
            v1::EventKind::Restored => "restored",
            v1::EventKind::CaughtUp => "caught_up",
            v1::EventKind::Unspecified => return Err(CliError::Answer("an event without a kind".to_owned())),
        };
        self.live |= event.kind() == v1::EventKind::CaughtUp;
        self.stale = true;
        self.happened(context, name, event)
    }

    async fn message(&mut self, context: &Context, asking: &mut Session, event: &v1::Event) -> Result<(), CliError> {
        let operation = &event.operation;
        if self.stale && (self.live || !self.opens(operation)) {
            (self.ring, self.names) = look(context, asking, self.channel).await?;
            self.stale = false;
        }
        let read = self.ring.read(vec![operation.clone()], context.rng()).pop();
        let message = read.ok_or_else(|| CliError::Answer("an event without its operation".to_owned()))?;
        let message = message.map_err(|error| CliError::Answer(format!("an event that is {error}")))?;
        self.names.look_up(asking, std::iter::once(message.author)).await?;
        let name = self.names.get(&message.author);
        let among = Among::Events { cursor: &event.cursor };
        let line = Line { among, name, message: &message };
        print(&mut self.output, context.json, &line)?;
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(())
    }

    /// Whether the key of a message's epoch is at hand.
    fn opens(&self, operation: &Bytes) -> bool {
        let key_id = SignedOperation::decode(operation.clone()).ok().and_then(|operation| operation.header().key_id);
        key_id.is_some_and(|key_id| self.ring.has(&key_id))
    }

    fn happened(&mut self, context: &Context, name: &'static str, event: &v1::Event) -> Result<(), CliError> {
        let at = Hlc::from_bits(event.timestamp);
        let operation = match event.operation_id.as_ref() {
            [] => None,
            bytes => Some(id(OpId::from_slice(bytes))?.to_string()),
        };
        let through = Through::of(event)?;
        if context.json {
            return self.output.json(&Happened {
                event: name,
                timestamp: time::rfc3339(at),
                counter: at.counter(),
                operation,
                through,
                reason: &event.reason,
                cursor: hex::encode(&event.cursor),
            });
        }
        let reason = if event.reason.is_empty() { String::new() } else { format!(" ({})", plain(&event.reason)) };
        let mut about = operation.map_or_else(String::new, |id| format!(" {id}"));
        if let Some(through) = through {
            about.push_str(&format!(" to {}, {} messages", through.operation, through.count));
        }
        note(format_args!("-- {name}{about}{reason}"));
        Ok(())
    }
}
