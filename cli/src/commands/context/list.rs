//! `context list`: the saved contexts.

use serde::Serialize;

use crate::{context::Context, error::CliError, output, settings::Settings};

/// A context, as it is printed.
#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) in_use: bool,
    #[serde(flatten)]
    pub(super) settings: Settings,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context) -> Result<(), CliError> {
    let in_use = context.contexts.in_use()?;
    let mut shown = Vec::new();
    for name in context.contexts.names()? {
        let settings = context.contexts.get(&name)?;
        shown.push(Shown { in_use: in_use.as_deref() == Some(&name), name, settings });
    }
    output::list(context.json, shown, |output, shown| {
        let row = |one: Shown| {
            let mark = if one.in_use { "*" } else { "" };
            let Settings { grpc, ws, identity, .. } = one.settings;
            let identity = identity.map(|path| path.display().to_string());
            let mut row = vec![mark.to_owned(), one.name];
            row.extend([grpc, ws, identity].map(Option::unwrap_or_default));
            row
        };
        output.table(&["", "NAME", "GRPC", "WS", "IDENTITY"], shown.into_iter().map(row).collect())
    })
}
