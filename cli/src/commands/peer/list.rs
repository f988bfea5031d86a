//! `peer list`: the peers, and what their owners need to know of this node.

use dmpc::local::{ListedPeer, LocalAnswer, LocalRequest};

use super::Of;
use crate::{context::Context, error::CliError, examples, local, output::Output};

/// List the peers, and what their owners need to know of this node.
///
/// The first lines are about the node itself: its id, its node key, and where it listens for peers. With --json, the first
/// object.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli peer list --data data", "dmpc-cli peer list --data data --json"])]
pub struct Args {
    #[command(flatten)]
    of: Of,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let LocalAnswer::Peers { node, peers } = local::ask(&args.of.data, &LocalRequest::PeerList, |_| {})? else {
        return local::unexpected();
    };
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&node)?;
        peers.iter().try_for_each(|peer| output.json(peer))?;
        return output.flush();
    }
    output.line(format_args!("node    {}", node.node))?;
    output.line(format_args!("key     {}", node.key))?;
    output.line(format_args!("listen  {}", node.listen.as_deref().unwrap_or("nowhere")))?;
    if !peers.is_empty() {
        output.line("")?;
        output.table(&["NAME", "ADDRESS", "DIRECTION", "EXCHANGES", "FROM", "KEY"], peers.iter().map(row).collect())?;
    }
    output.flush()
}

fn row(peer: &ListedPeer) -> Vec<String> {
    let settings = &peer.settings;
    let exchanges = match settings.channels.len() {
        0 => "everything".to_owned(),
        1 => "1 channel".to_owned(),
        number => format!("{number} channels"),
    };
    vec![
        settings.name.clone(),
        settings.address.clone().unwrap_or_else(|| "dials".to_owned()),
        settings.direction.to_string(),
        exchanges,
        if peer.configured { "configuration" } else { "peer add" }.to_owned(),
        settings.key.to_string(),
    ]
}
