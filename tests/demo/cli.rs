//! `dmpc-cli` as somebody: its commands, and the JSON lines that it prints.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::{
    node::Node,
    process::{Program, Programs},
};

/// `dmpc-cli` as one user of one node.
pub struct Cli<'a> {
    programs: &'a Programs,
    global: Vec<OsString>,
}

impl<'a> Cli<'a> {
    /// As whoever has this identity.
    pub fn of(programs: &'a Programs, node: &Node, identity: &Path) -> Self {
        let global = ["--grpc", &node.grpc, "--ws", &node.ws, "--identity"].map(OsString::from);
        Self { programs, global: global.into_iter().chain([identity.into()]).collect() }
    }

    /// Starts a command.
    pub fn start<S: AsRef<OsStr>>(&self, command: &[S]) -> Result<Program> {
        let global = self.global.iter().map(OsString::as_os_str);
        self.programs.start("dmpc-cli", &global.chain(command.iter().map(AsRef::as_ref)).collect::<Vec<_>>())
    }

    /// Runs a command that prints one JSON object a line.
    pub fn lines<T: DeserializeOwned>(&self, command: &[&str]) -> Result<Vec<T>> {
        json_lines(&self.start(command)?.succeed()?).with_context(|| command.join(" "))
    }
}

/// One JSON object a line.
pub fn json_lines<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}
