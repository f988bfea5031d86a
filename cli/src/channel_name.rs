//! `CHANNEL` on the command line: an id, or a name that one channel alone has.

use dmpc::{ChannelId, v1};

use crate::{
    error::CliError,
    session::{Session, id},
};

/// Finds the channel that an argument means.
///
/// # Errors
/// [`CliError::Id`] for an id with a typing error, [`CliError::NotFound`], [`CliError::Usage`] for a name of several.
pub async fn resolve(session: &mut Session, text: &str) -> Result<ChannelId, CliError> {
    if is_like_an_id(text) {
        return Ok(text.parse()?);
    }
    let channels = session.channels().await?;
    let mut named = channels.iter().filter(|channel: &&v1::Channel| channel.name == text);
    match (named.next(), named.count()) {
        (Some(channel), 0) => id(ChannelId::from_slice(&channel.id)),
        (Some(_), others) => {
            Err(CliError::Usage(format!("{} channels are called '{text}'; name one by its id", others + 1)))
        }
        (None, _) => Err(CliError::NotFound(format!("you can see no channel called '{text}'"))),
    }
}

fn is_like_an_id(text: &str) -> bool {
    text.strip_prefix(ChannelId::PREFIX).is_some_and(|rest| rest.starts_with('1'))
}
