//! `context`: settings under names, so that commands need no options.

mod add;
mod list;
mod remove;
mod show;
mod switch;

use clap::{ArgMatches, Subcommand};

use crate::{context::Context, error::CliError, examples, settings::Settings};

/// What was given on the command line and in the environment.
#[derive(Debug)]
pub struct Given<'a> {
    /// The settings.
    pub settings: Settings,
    /// The name after `--context`.
    pub chosen: Option<String>,
    /// All of it, to tell options from variables.
    pub matches: &'a ArgMatches,
}

/// Subcommands of `context`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Save the settings that are given as options and as variables, under a name.
    Add(add::Args),
    /// List the contexts; the one in use is marked.
    #[command(before_help = examples!["dmpc-cli context list", "dmpc-cli context list --json"])]
    List,
    /// Use a context from now on, or none.
    Use(switch::Args),
    /// Show a context; without NAME, the settings in force and who says so.
    Show(show::Args),
    /// Remove a context. The identity and what it signed stay.
    Remove(remove::Args),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, given: &Given<'_>, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(args) => add::run(context, given, args).await,
        Command::List => list::run(context),
        Command::Use(args) => switch::run(context, &args),
        Command::Show(args) => show::run(context, given, &args),
        Command::Remove(args) => remove::run(context, &args),
    }
}
