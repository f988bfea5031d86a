//! Audits by `dmpc-cli replay`: everything must agree, and everything must have been applied.

use std::ffi::OsStr;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{cli::json_lines, expected::Expected, node::DATA, process::Programs};

/// What an audit says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Audit {
    /// Operations in the log.
    pub operations: u64,
    applied: u64,
    pending: u64,
    rejected: u64,
    /// The state's digest, recomputed.
    pub digest: String,
    stored_digest: String,
    agrees: bool,
}

/// Audits the data directory, whether a node has it open or not.
pub fn replay(programs: &Programs, expected: &Expected, more: &[&str]) -> Result<Audit> {
    let data = programs.path(DATA);
    let arguments = [OsStr::new("replay"), OsStr::new("--data"), data.as_os_str(), OsStr::new("--json")].into_iter();
    let printed = programs.run("dmpc-cli", &arguments.chain(more.iter().map(OsStr::new)).collect::<Vec<_>>())?;
    let audit = json_lines::<Audit>(&printed)?.pop().context("replay printed nothing")?;

    ensure!(audit.agrees && audit.digest == audit.stored_digest, "the digests do not agree: {audit:?}");
    ensure!(audit.applied == audit.operations, "not every operation was applied: {audit:?}");
    ensure!(audit.pending == 0 && audit.rejected == 0, "operations are pending or rejected: {audit:?}");
    let wanted = expected.operations;
    ensure!(audit.operations == wanted, "{} operations, the log makes {wanted}", audit.operations);
    Ok(audit)
}
