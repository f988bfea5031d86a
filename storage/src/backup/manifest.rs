//! The manifest: what a backup is, as a text that names every file. Its last line is the hash of all lines before it.
//!
//! ```text
//! dmpc backup 1
//! node dmpcnode1...
//! taken 1704067200000
//! operations 102669
//! state 64 hexadecimal digits
//! log 64 hexadecimal digits
//! file BYTES HASH PATH
//! end HASH
//! ```
//! Hashes are BLAKE3 without a key, as `b3sum` prints them; times are milliseconds since 1970.

use std::{fmt, fmt::Write as _, str::FromStr};

use dmpc::NodeId;

use super::BackupError;

/// The name of its file.
pub const MANIFEST: &str = "manifest";
const TITLE: &str = "dmpc backup 1";

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands, from the directory of the backup.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its hash.
    pub hash: blake3::Hash,
}

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The node.
    pub node: NodeId,
    /// When it was made: milliseconds since 1970.
    pub taken_ms: u64,
    /// Operations in its log.
    pub operations: u64,
    /// Its state digest.
    pub state_digest: [u8; 32],
    /// Its log digest.
    pub log_digest: [u8; 32],
    /// Every other file, ascending by path.
    pub files: Vec<Entry>,
}

impl Manifest {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |digest: &[u8; 32]| blake3::Hash::from_bytes(*digest).to_hex();
        let mut text = String::new();
        writeln!(text, "{TITLE}\nnode {}\ntaken {}\noperations {}", self.node, self.taken_ms, self.operations)?;
        writeln!(text, "state {}\nlog {}", hex(&self.state_digest), hex(&self.log_digest))?;
        for Entry { path, bytes, hash } in &self.files {
            writeln!(text, "file {bytes} {hash} {path}")?;
        }
        writeln!(f, "{text}end {}", blake3::hash(text.as_bytes()))
    }
}

impl FromStr for Manifest {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        let ends = text.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
        let (content, end) = text.split_at(ends);
        let lines = content.lines().count();
        let at = |line, expected| BackupError::Manifest { line, expected };
        if end != format!("end {}\n", blake3::hash(content.as_bytes())) {
            return Err(at(lines + 1, "end HASH"));
        }
        let mut lines = content.lines().zip(1..);
        let mut value = |prefix: &'static str| {
            let (line, number) = lines.next().unwrap_or_default();
            line.strip_prefix(prefix).map(str::to_owned).ok_or(at(number, prefix))
        };
        value(TITLE)?;
        let node = value("node ")?.parse().map_err(|_| at(2, "node dmpcnode1..."))?;
        let taken_ms = value("taken ")?.parse().map_err(|_| at(3, "taken MILLISECONDS"))?;
        let operations = value("operations ")?.parse().map_err(|_| at(4, "operations NUMBER"))?;
        let state = blake3::Hash::from_hex(value("state ")?).map_err(|_| at(5, "state DIGEST"))?;
        let log = blake3::Hash::from_hex(value("log ")?).map_err(|_| at(6, "log DIGEST"))?;
        let files = lines.map(|(line, number)| entry(line).ok_or(at(number, "file BYTES HASH PATH")));
        Ok(Self {
            node,
            taken_ms,
            operations,
            state_digest: *state.as_bytes(),
            log_digest: *log.as_bytes(),
            files: files.collect::<Result<_, _>>()?,
        })
    }
}

/// A file; its path stays within the directory.
fn entry(line: &str) -> Option<Entry> {
    let mut words = line.strip_prefix("file ")?.splitn(3, ' ');
    let (bytes, hash, path) = (words.next()?, words.next()?, words.next()?);
    let is_inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let path = is_inside.then(|| path.to_owned())?;
    Some(Entry { path, bytes: bytes.parse().ok()?, hash: blake3::Hash::from_hex(hash).ok()? })
}
