//! A message as it is printed.

use serde::Serialize;

use crate::{
    error::CliError,
    hex,
    keyring::Message,
    output::{Output, plain},
    time,
};

/// Among what a message stands, and where.
#[derive(Clone, Copy, Debug)]
pub enum Among<'a> {
    /// Among the messages of its channel.
    Messages {
        /// Accepted messages of the channel before it.
        position: u64,
    },
    /// Among the events of its channel.
    Events {
        /// Listening goes on after it with this.
        cursor: &'a [u8],
    },
}

/// A message, and what is known beside it.
#[derive(Debug)]
pub struct Line<'a> {
    /// Among what it stands.
    pub among: Among<'a>,
    /// The author's name.
    pub name: Option<&'a str>,
    /// The message.
    pub message: &'a Message,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    timestamp: String,
    counter: u64,
    author: String,
    name: Option<&'a str>,
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// Prints a message.
///
/// # Errors
/// [`CliError::BrokenPipe`], [`CliError::Stdout`].
pub fn print(output: &mut Output, json: bool, line: &Line<'_>) -> Result<(), CliError> {
    let message = line.message;
    if json {
        let (event, position, cursor) = match line.among {
            Among::Messages { position } => (None, Some(position), None),
            Among::Events { cursor } => (Some("message"), None, Some(hex::encode(cursor))),
        };
        return output.json(&Json {
            event,
            position,
            timestamp: time::rfc3339(message.timestamp),
            counter: message.timestamp.counter(),
            author: message.author.to_string(),
            name: line.name,
            text: message.text.as_deref().ok(),
            error: message.text.as_ref().err().map(ToString::to_string),
            operation: message.id.to_string(),
            cursor,
        });
    }
    let name = line.name.map_or_else(|| message.author.to_string(), plain);
    let text = match &message.text {
        // Further lines are indented, so that nobody writes what looks like a line of somebody else.
        Ok(text) => text.split('\n').map(plain).collect::<Vec<_>>().join("\n    "),
        Err(error) => format!("(unreadable: {error})"),
    };
    output.line(format_args!("{} {name}: {text}", time::short(message.timestamp)))
}
