//! `context add`: saves settings. Paths are kept whole, so that they mean the same wherever the command runs.

use std::path::{Path, PathBuf, absolute};

use super::{Given, list::Shown};
use crate::{context::Context, error::CliError, examples, node::meet, output};

/// Arguments of `context add`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli --identity data/alice.identity context add home --use",
    "dmpc-cli --grpc https://node.example:64928 --identity data/alice.identity context add work --pin",
])]
pub struct Args {
    /// The name of the context.
    name: String,
    /// Ask the node for its id now, and keep it: from then on any other node is refused.
    #[arg(long)]
    pin: bool,
    /// Use it from now on.
    #[arg(long = "use")]
    in_use: bool,
    /// Replace a context that has the name already.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, given: &Given<'_>, args: Args) -> Result<(), CliError> {
    let mut settings = given.settings.clone();
    settings.ca = whole(settings.ca)?;
    settings.identity = whole(settings.identity)?;
    settings.passphrase_file = whole(settings.passphrase_file)?;
    if args.pin {
        let mut client = context.client(context.via).await?;
        let (proven, _) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
        settings.node = Some(proven.node);
    }
    context.contexts.put(&args.name, &settings, args.replace)?;
    if args.in_use {
        context.contexts.set_in_use(Some(&args.name))?;
    }
    output::object(context.json, Shown { in_use: args.in_use, name: args.name, settings }, |output, shown| {
        output.line(shown.name)
    })
}

fn whole(path: Option<PathBuf>) -> Result<Option<PathBuf>, CliError> {
    let whole = |path: &Path| absolute(path).map_err(CliError::file(path));
    path.as_deref().map(whole).transpose()
}
