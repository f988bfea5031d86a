//! `CHANNEL` on the command line.

use dmpc::ChannelId;

use super::{Meaning, Named, among, meaning};
use crate::{answer::id, context::Context, error::CliError, session::Session};

/// The channel that an argument means.
///
/// # Errors
/// [`CliError::Id`] for an id with a typing error, [`CliError::NotFound`], [`CliError::Usage`] for what several have, and those
/// of asking the node.
pub async fn resolve(context: &Context, session: &mut Session, text: &str) -> Result<ChannelId, CliError> {
    if let Meaning::Is(channel) = meaning(&context.book, text)? {
        return Ok(channel);
    }
    let mut known = Vec::new();
    for channel in session.channels().await? {
        known.push((id(ChannelId::from_slice(&channel.id))?, channel.name));
    }
    let entries = context.book.entries()?;
    known.extend(ChannelId::of_book(&entries).iter().map(|(name, channel)| (*channel, name.clone())));
    among(text, known)
}
