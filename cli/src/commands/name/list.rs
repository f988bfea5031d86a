//! `name list`: the names of the address book.

use super::Shown;
use crate::{context::Context, error::CliError, output};

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context) -> Result<(), CliError> {
    let entries = context.book.entries()?;
    let users = entries.users.into_iter().map(|(name, id)| Shown { name, kind: "user", id: id.to_string() });
    let channels = entries.channels.into_iter().map(|(name, id)| Shown { name, kind: "channel", id: id.to_string() });
    let all: Vec<Shown> = users.chain(channels).collect();
    output::list(context.json, all, |output, all| {
        let row = |shown: Shown| vec![shown.name, shown.kind.to_owned(), shown.id];
        output.table(&["NAME", "KIND", "ID"], all.into_iter().map(row).collect())
    })
}
