//! `channel list`: the channels that the reader may see.

use super::shown;
use crate::{
    context::Context,
    error::CliError,
    output::{self, plain},
    session::Session,
};

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let channels = Session::open(context).await?.channels().await?;
    let channels = channels.iter().map(shown::channel).collect::<Result<Vec<_>, _>>()?;
    output::list(context.json, channels, |output, channels| {
        let row = |channel: shown::Channel| {
            let state = if channel.closed { "closed" } else { "open" };
            let (messages, members) = (channel.messages.to_string(), channel.members.to_string());
            let opened = channel.opened_at;
            vec![plain(&channel.name), channel.id, state.to_owned(), messages, members, opened, channel.rights]
        };
        let header = ["NAME", "CHANNEL", "STATE", "MESSAGES", "MEMBERS", "OPENED", "RIGHTS"];
        output.table(&header, channels.into_iter().map(row).collect())
    })
}
