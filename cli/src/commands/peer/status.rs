//! `peer status`: how the exchanges stand.

use dmpc::{
    Hlc,
    local::{LocalAnswer, LocalRequest, PeerStatus},
};

use super::Of;
use crate::{context::Context, error::CliError, examples, local, output::Output, time::rfc3339};

/// Say how the exchanges stand.
///
/// HERE and THERE: operations that were missing on this and on the other side, as the last exchange found them, and since
/// when those are that still are. LAG: operations that were committed here and that the peer has not acknowledged. REFUSED:
/// what the peer sent and was refused. LOG and STATE: whether both nodes have the same; states compare where the roots are
/// the same.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli peer status --data data", "dmpc-cli peer status --data data --json"])]
pub struct Args {
    #[command(flatten)]
    of: Of,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let LocalAnswer::Status { peers } = local::ask(&args.of.data, &LocalRequest::PeerStatus, |_| {})? else {
        return local::unexpected();
    };
    let mut output = Output::to_stdout();
    if context.json {
        peers.iter().try_for_each(|peer| output.json(peer))?;
        return output.flush();
    }
    let header = ["PEER", "LINK", "LAST EXCHANGE", "HERE", "THERE", "LAG", "IN", "OUT", "REFUSED", "LOG", "STATE"];
    output.table(&header, peers.iter().map(row).collect())?;
    for peer in &peers {
        notes(peer).into_iter().try_for_each(|note| output.line(format_args!("{}: {note}", peer.name)))?;
    }
    output.flush()
}

fn row(peer: &PeerStatus) -> Vec<String> {
    vec![
        peer.name.clone(),
        peer.state.clone(),
        peer.last_exchange_ms.map_or_else(|| "never".to_owned(), time),
        peer.missing_here.to_string(),
        peer.missing_there.to_string(),
        peer.lag.to_string(),
        format!("{} ops, {} B", peer.operations_in, peer.bytes_in),
        format!("{} ops, {} B", peer.operations_out, peer.bytes_out),
        peer.refused.values().sum::<u64>().to_string(),
        agreement(peer.same_log),
        agreement(peer.same_state),
    ]
}

fn notes(peer: &PeerStatus) -> Vec<String> {
    let mut notes: Vec<String> = peer.problem.iter().cloned().collect();
    let since = [
        ("the peer has operations that are missing here, since", peer.missing_here_since_ms),
        ("operations of this node are missing there, since", peer.missing_there_since_ms),
        ("the logs differ since", peer.logs_differ_since_ms),
    ];
    notes.extend(since.into_iter().filter_map(|(what, since)| Some(format!("{what} {}", time(since?)))));
    notes.extend(peer.refused.iter().map(|(reason, number)| format!("{number} refused: {reason}")));
    notes
}

fn time(ms: u64) -> String {
    rfc3339(Hlc::from_millis(ms))
}

fn agreement(same: Option<bool>) -> String {
    match same {
        None => "-",
        Some(true) => "same",
        Some(false) => "differs",
    }
    .to_owned()
}
