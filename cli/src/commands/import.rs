//! `import FILE`: sends a log of conversations as signed and sealed operations.

use std::path::PathBuf;

use crate::{
    context::Context,
    error::CliError,
    examples,
    import::{self, Settings},
};

/// Send a log of conversations: every nick becomes a user, every day a channel. Give it again to go on where it stopped.
///
/// One JSON object a line: day, time, channel, kind (message, join, part, nick), nick, and text or new_nick.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli --identity root.identity --via both import --identities garden tests/demo/small.jsonl",
])]
pub struct Args {
    /// The log, JSON lines; decompressed when its name ends in .gz.
    #[arg(value_name = "FILE.jsonl[.gz]")]
    file: PathBuf,
    /// Directory for the users' identities and the journal of this import; one for each import.
    #[arg(long, value_name = "DIR")]
    identities: PathBuf,
    /// Stop after so many events of the log; a later run with more goes on.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Runs the import.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let Args { file, identities, limit } = args;
    import::run(context, &Settings { file, identities, limit }).await?.show(context.json)
}
