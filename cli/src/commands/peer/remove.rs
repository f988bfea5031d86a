//! `peer remove`: a peer is none any more.

use dmpc::local::{LocalAnswer, LocalRequest};
use serde::Serialize;

use super::Of;
use crate::{context::Context, error::CliError, examples, local, output::Output};

/// Exchange operations with a peer no more.
///
/// What came from it stays. A peer of the configuration is taken from there.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli peer remove --data data bob"])]
pub struct Args {
    #[command(flatten)]
    of: Of,
    /// The peer.
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
pub(super) fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let request = LocalRequest::PeerRemove { name: args.name };
    let LocalAnswer::Removed { name } = local::ask(&args.of.data, &request, |_| {})? else {
        return local::unexpected();
    };
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Removed { name: &name })?;
    }
    output.flush()
}
