//! `context use`: which context counts where no option and no variable says otherwise.

use clap::ArgGroup;
use serde::Serialize;

use crate::{context::Context, error::CliError, examples, output::Output};

/// Arguments of `context use`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["name", "none"]))]
#[command(before_help = examples!["dmpc-cli context use home", "dmpc-cli context use --none"])]
pub struct Args {
    /// The context.
    name: Option<String>,
    /// Use none.
    #[arg(long)]
    none: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    in_use: Option<&'a str>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let name = args.name.as_deref();
    context.contexts.set_in_use(name)?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Shown { in_use: name })?;
    } else if let Some(name) = name {
        output.line(name)?;
    }
    output.flush()
}
