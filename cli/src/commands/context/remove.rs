//! `context remove`: forgets a context.

use serde::Serialize;

use crate::{context::Context, error::CliError, examples, output};

/// Arguments of `context remove`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli context remove work"])]
pub struct Args {
    /// The context.
    name: String,
}

#[derive(Serialize)]
struct Removed<'a> {
    name: &'a str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    context.contexts.remove(&args.name)?;
    output::object(context.json, Removed { name: &args.name }, |_, _| Ok(()))
}
