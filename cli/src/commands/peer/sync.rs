//! `peer sync`: one exchange from its beginning to its end.

use dmpc::local::{Exchanged, LocalAnswer, LocalRequest};

use super::Of;
use crate::{context::Context, error::CliError, examples, local, output::Output, progress::Progress};

/// Ask a peer what differs, and exchange it; wait until that is done.
///
/// Nodes do this by themselves whenever they meet, and hand over what is new as it comes; this is for those who want to know
/// when. Prints what was missing on either side, and what went over.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli peer sync --data data bob", "dmpc-cli peer sync --data data bob --json"])]
pub struct Args {
    #[command(flatten)]
    of: Of,
    /// The peer.
    name: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let bar = Progress::of("operations");
    let request = LocalRequest::PeerSync { name: args.name };
    let answer = local::ask(&args.of.data, &request, |answer| {
        if let LocalAnswer::Progress(so_far) = answer {
            let all = so_far.missing_here.saturating_add(so_far.missing_there);
            bar.at(so_far.operations_in.saturating_add(so_far.operations_out), all);
        }
    });
    bar.finish();
    let LocalAnswer::Synced(exchanged) = answer? else { return local::unexpected() };
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&exchanged)?;
    } else {
        lines(&exchanged).into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:<13} {value}")))?;
    }
    output.flush()
}

fn lines(exchanged: &Exchanged) -> [(&'static str, String); 6] {
    let refused = |number: u64| if number == 0 { String::new() } else { format!(", {number} refused") };
    [
        ("peer", exchanged.name.clone()),
        ("missing here", exchanged.missing_here.to_string()),
        ("missing there", exchanged.missing_there.to_string()),
        ("received", counted(exchanged.operations_in, exchanged.bytes_in, &refused(exchanged.refused_here))),
        ("sent", counted(exchanged.operations_out, exchanged.bytes_out, &refused(exchanged.refused_there))),
        ("round trips", exchanged.round_trips.to_string()),
    ]
}

fn counted(operations: u64, bytes: u64, refused: &str) -> String {
    format!("{operations} operations{refused}, {bytes} bytes")
}
