//! The subcommands of `dmpc-node`, one file each. What may not live here: what they do, which is the library's.

pub(crate) mod config;
pub(crate) mod init;
pub(crate) mod rebuild;
pub(crate) mod serve;
pub(crate) mod sources;

use std::io::{self, Write};

use anyhow::{Context, Result};

/// A line on standard output.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")
}
