//! `rebuild`: everything but the log, made again from the log.

use anyhow::Result;
use dmpc_node::{clock::SystemRandom, config::Config, data_directory, serve::ServeError};

use super::say;

/// Runs it.
pub(crate) fn run(config: &Config) -> Result<()> {
    let operations = data_directory::rebuild(&config.data, &mut SystemRandom::new()).map_err(ServeError::from)?;
    say(&format!("rebuilt from {operations} operations"))
}
