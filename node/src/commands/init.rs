//! `init`: a data directory, a node's identity, and its root user.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use dmpc_node::{clock::SystemRandom, config::Config, data_directory, passphrase};

use super::say;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The root user's identity file; made if it is not there.
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// Of a root's identity file that is protected: a file whose first line is the passphrase, which nobody else may read.
    /// Without it, who sits at the terminal is asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(arguments: &Init, config: &Config) -> Result<()> {
    let (data, root) = (&config.data, &arguments.root);
    let made = data_directory::init(
        data,
        root,
        || passphrase::of(root, arguments.passphrase_file.as_deref()),
        &mut SystemRandom::new(),
    )?;
    let found = if made.root_is_new { "made" } else { "was there" };
    say(&format!("node {}", made.node))?;
    say(&format!("root {}", made.root))?;
    say(&format!("data directory {} (made)", data.display()))?;
    say(&format!("root identity {} ({found}); keep it secret, and keep a copy", root.display()))?;
    say(&format!("next: dmpc-node serve --data {}", shown(data)))
}

/// A path as one types it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|char| char.is_alphanumeric() || "/._-+,:@%".contains(char));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
