//! A look at an outbox from outside: without its lock, and without changing it.

use std::{collections::BTreeSet, fs, io, os::unix::fs::MetadataExt, path::Path};

use bytes::Bytes;
use dmpc::SignedOperation;

use super::{
    FILE,
    record::{Record, decode_all, goes_on_after_damage},
};

/// What an outbox is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The permission bits of its directory.
    pub mode: u32,
    /// Operations without an answer.
    pub waiting: usize,
    /// Signed bytes stand behind damage: they would be lost, so it is not opened.
    pub is_damaged: bool,
}

/// Looks at the outbox of a directory; `None` where there is none.
///
/// # Errors
/// What the system says.
pub fn look(directory: &Path) -> io::Result<Option<Condition>> {
    let bytes = match fs::read(directory.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => Bytes::from(read?),
    };
    let (records, whole) = decode_all(&bytes);
    let mut waiting = BTreeSet::new();
    for record in records {
        match record {
            Record::Operation { bytes, .. } => {
                waiting.extend(SignedOperation::decode(bytes).map(|operation| operation.id()));
            }
            Record::Done(id) => drop(waiting.remove(&id)),
            Record::Origin(_) | Record::Carried(_) => {}
        }
    }
    let is_damaged = goes_on_after_damage(&bytes.slice(whole..));
    let mode = fs::metadata(directory)?.mode() & 0o7777;
    Ok(Some(Condition { mode, waiting: waiting.len(), is_damaged }))
}
