//! `context show`: what a context says, or what is in force and who says so.

use serde::Serialize;

use super::{Given, list::Shown};
use crate::{
    context::Context,
    error::CliError,
    examples,
    output::{self, Output},
    settings::{InForce, Settings},
};

/// Arguments of `context show`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli context show home", "dmpc-cli --via ws context show"])]
pub struct Args {
    /// The context; without it, the settings in force.
    name: Option<String>,
}

/// The settings in force, as they are printed.
#[derive(Serialize)]
struct AllInForce {
    context: Option<String>,
    settings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: Option<String>,
    source: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, given: &Given<'_>, args: &Args) -> Result<(), CliError> {
    match &args.name {
        Some(name) => show(context, name),
        None => in_force(context, given),
    }
}

fn show(context: &Context, name: &str) -> Result<(), CliError> {
    let settings = context.contexts.get(name)?;
    let mut output = Output::to_stdout();
    if context.json {
        let in_use = context.contexts.in_use()?.as_deref() == Some(name);
        output.json(&Shown { name: name.to_owned(), in_use, settings })?;
    } else {
        let said = settings.texts().into_iter().filter_map(|(name, value)| Some((name, value?)));
        said.into_iter().try_for_each(|(name, value)| output.line(format_args!("{name}: {value}")))?;
    }
    output.flush()
}

fn in_force(context: &Context, given: &Given<'_>) -> Result<(), CliError> {
    let chosen = context.contexts.chosen(given.chosen.as_deref())?;
    let (name, saved) = chosen.map_or((None, Settings::default()), |(name, saved)| (Some(name), saved));
    let row = |InForce { name, value, source }: InForce| Row { name, value, source: source.word() };
    let rows: Vec<Row> = given.settings.in_force(given.matches, &saved).into_iter().map(row).collect();
    output::object(context.json, AllInForce { context: name, settings: rows }, |output, all| {
        output.line(format_args!("context: {}", all.context.as_deref().unwrap_or("none")))?;
        let row = |row: Row| vec![row.name.to_owned(), row.value.unwrap_or_default(), row.source.to_owned()];
        output.table(&["SETTING", "VALUE", "FROM"], all.settings.into_iter().map(row).collect())
    })
}
