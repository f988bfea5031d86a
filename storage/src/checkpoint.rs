//! Checkpoints: the digests of a node at one moment, as a small text that is kept or sent elsewhere, so that a later audit
//! does not have to trust what the node keeps about itself.
//!
//! ```text
//! dmpc checkpoint 1
//! node dmpcnode1...
//! operations 102669
//! state 64 hexadecimal digits
//! log 64 hexadecimal digits
//! ```

use std::{fmt, str::FromStr};

use dmpc::NodeId;

const TITLE: &str = "dmpc checkpoint 1";

/// The digests of a node after so many arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The node.
    pub node: NodeId,
    /// Operations that had arrived.
    pub operations: u64,
    /// The state digest.
    pub state_digest: [u8; 32],
    /// The log digest.
    pub log_digest: [u8; 32],
}

/// A text that is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the checkpoint is not '{expected}'")]
pub struct CheckpointError {
    /// The line, from 1.
    pub line: usize,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |digest: &[u8; 32]| blake3::Hash::from_bytes(*digest).to_hex();
        writeln!(f, "{TITLE}\nnode {}\noperations {}", self.node, self.operations)?;
        writeln!(f, "state {}\nlog {}", hex(&self.state_digest), hex(&self.log_digest))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines().zip(1..);
        let mut value = |prefix: &'static str, expected: &'static str| {
            let (line, number) = lines.next().unwrap_or_default();
            let error = CheckpointError { line: number, expected };
            line.strip_prefix(prefix).ok_or(error).map(|value| (value, error))
        };
        let (rest, error) = value(TITLE, TITLE)?;
        if !rest.is_empty() {
            return Err(error);
        }
        let (node, error) = value("node ", "node dmpcnode1...")?;
        let node = node.parse().map_err(|_| error)?;
        let (operations, error) = value("operations ", "operations NUMBER")?;
        let operations = operations.parse().map_err(|_| error)?;
        let (state, error) = value("state ", "state DIGEST")?;
        let state_digest = *blake3::Hash::from_hex(state).map_err(|_| error)?.as_bytes();
        let (log, error) = value("log ", "log DIGEST")?;
        let log_digest = *blake3::Hash::from_hex(log).map_err(|_| error)?.as_bytes();
        if let Some((_, line)) = lines.next() {
            return Err(CheckpointError { line, expected: "the end" });
        }
        Ok(Self { node, operations, state_digest, log_digest })
    }
}
