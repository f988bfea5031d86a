//! `config check|show`: what a node would be told.

use anyhow::{Context, Result};
use clap::Subcommand;
use dmpc_node::{
    config::layers::Layered,
    tls::{self, Speaks},
};

use super::say;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether the settings can be used: their values, and the files of TLS.
    Check,
    /// Print every setting, and where it comes from.
    Show,
}

/// Runs it.
pub(crate) fn run(command: &Command, layered: &Layered) -> Result<()> {
    match command {
        Command::Check => {
            tls::server(&layered.config.tls, Speaks::Grpc)?;
            super::serve::filter(&layered.config.log).context("log.filter")?;
            say("the settings can be used")
        }
        Command::Show => say(layered.shown().trim_end()),
    }
}
