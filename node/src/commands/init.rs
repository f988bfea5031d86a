//! `init`: a data directory, a node's identity, and its root users.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use dmpc_node::{
    clock::SystemRandom,
    config::Config,
    data_directory::{self, RootSource},
    passphrase,
};

use super::say;

/// Keys and users that are there already are taken; what is not there is made.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// A root user's identity file; made if it is not there. May be given several times.
    #[arg(long, value_name = "FILE", required_unless_present = "root_user")]
    root: Vec<PathBuf>,
    /// A file with what of a root user is public, as dmpc-cli identity show --json prints it: its secrets stay where they are.
    /// May be given several times.
    #[arg(long, value_name = "FILE")]
    root_user: Vec<PathBuf>,
    /// An identity file whose keys become the node's, and its id with them; copied.
    #[arg(long, value_name = "FILE")]
    node_identity: Option<PathBuf>,
    /// Of a root's identity file that is protected: a file whose first line is the passphrase, which nobody else may read.
    /// Without it, who sits at the terminal is asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(arguments: &Init, config: &Config) -> Result<()> {
    let data = &config.data;
    let files = arguments.root.iter().cloned().map(RootSource::File);
    let roots: Vec<RootSource> = files.chain(arguments.root_user.iter().cloned().map(RootSource::Public)).collect();
    let made = data_directory::init(
        data,
        &roots,
        arguments.node_identity.as_deref(),
        |root| passphrase::of(root, arguments.passphrase_file.as_deref()),
        &mut SystemRandom::new(),
    )?;
    say(&format!("node {}", made.node))?;
    for root in &made.roots {
        say(&format!("root {}", root.user))?;
    }
    say(&format!("data directory {} (made)", data.display()))?;
    if !made.node_is_new {
        say("node identity (was there); never run two nodes with it")?;
    }
    for root in made.roots.iter().filter(|root| root.is_identity) {
        let found = if root.is_new { "made" } else { "was there" };
        say(&format!("root identity {} ({found}); keep it secret, and keep a copy", root.file.display()))?;
    }
    say(&format!("next: dmpc-node serve --data {}", shown(data)))
}

/// A path as one types it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|char| char.is_alphanumeric() || "/._-+,:@%".contains(char));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
