//! `peer add`: another node is a peer from now on.

use clap::ValueEnum;
use dmpc::{
    ChannelId,
    keys::VerifyingKey,
    local::{LocalAnswer, LocalRequest},
    peer_settings::{Direction, PeerSettings},
};
use serde::Serialize;

use super::Of;
use crate::{context::Context, error::CliError, examples, local, output::Output};

/// Exchange operations with another node from now on.
///
/// The node there must have this node as its peer too: each proves its node key to the other, and who is no peer is refused.
/// The peer is kept in the data directory and is there again after a restart.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli peer add --data data bob --key dmpcsign1vrjew3325s525965nmqtjca6vcw46tcgcup57a2rp7cqrzwwtreqjk7rek --address bob.example:64929",
    "dmpc-cli peer add --data data carol --key dmpcsign1vrjew3325s525965nmqtjca6vcw46tcgcup57a2rp7cqrzwwtreqjk7rek --direction pull --channel dmpcchannel1u7z9zv833ues93dpwc8xz0f0f0q2a5lrlfe94vfehll6w0a2egvqy38tlp",
])]
pub struct Args {
    #[command(flatten)]
    of: Of,
    /// What this node calls it: letters, digits, '-', '_' and '.'.
    name: String,
    /// Its node key, as `peer list` prints it there.
    #[arg(long, value_name = "KEY")]
    key: VerifyingKey,
    /// Where it listens for peers; without it this node does not dial, and waits to be dialed.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Which way operations go: both, push (this node gives), pull (this node takes).
    #[arg(long, value_enum, default_value_t)]
    direction: Ways,
    /// A channel to exchange, with the users that it needs; may be given again. Without it, everything.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<ChannelId>,
    /// Operations a second that are taken from it; 0: any number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    operations_per_second: u32,
    /// Bytes a second that are read from it; 0: any number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    bytes_per_second: u32,
}

/// Which way operations go.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Ways {
    /// Both ways.
    #[default]
    Both,
    /// This node gives, and takes nothing.
    Push,
    /// This node takes, and gives nothing.
    Pull,
}

impl From<Ways> for Direction {
    fn from(ways: Ways) -> Self {
        match ways {
            Ways::Both => Self::Both,
            Ways::Push => Self::Push,
            Ways::Pull => Self::Pull,
        }
    }
}

#[derive(Serialize)]
struct Added<'a> {
    name: &'a str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let Args { of, name, key, address, direction, channels, operations_per_second, bytes_per_second } = args;
    let direction = direction.into();
    let peer = PeerSettings { name, key, address, direction, channels, operations_per_second, bytes_per_second };
    peer.check().map_err(|error| CliError::Usage(error.to_string()))?;
    let LocalAnswer::Added { name } = local::ask(&of.data, &LocalRequest::PeerAdd { peer }, |_| {})? else {
        return local::unexpected();
    };
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Added { name: &name })?;
    } else {
        output.line(name)?;
    }
    output.flush()
}
