//! Export: the operations of a log as they were received, in the order of their keys. Opens the store beside its writer.

use std::{collections::BTreeSet, io::Write, path::Path};

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, OpKey, SignedOperation, UserId};

use crate::{
    StoreError,
    db::{Db, Read},
    families::{Family, log},
    log_file::{Header, LogFileError, LogFileWriter, Scope, Trailer},
    projection::views::subject,
    replay::whole_arrivals,
    store::{database, read_genesis},
    views::damaged,
};

/// Operations between two reports of progress.
const PROGRESS_EVERY: u64 = 4_096;

/// Why a log cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for cannot be written.
    #[error(transparent)]
    Write(#[from] LogFileError),
    /// The log does not hold what arrived: an audit says more.
    #[error("the log holds {log} operations, {arrivals} arrived")]
    Count {
        /// Operations in the log.
        log: u64,
        /// Arrivals.
        arrivals: u64,
    },
    /// The digest that the node kept is not that of its log: an audit says more.
    #[error("the log digest that the node kept is not that of its log")]
    Digest,
}

/// Which operations are meant: those that agree with everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of one of these channels; none: of all, and on users.
    pub channels: BTreeSet<ChannelId>,
    /// Issued or certified by one of these users, or that create or update one of them; none: of all.
    pub users: BTreeSet<UserId>,
    /// Stamped then or later.
    pub from: Option<Hlc>,
    /// Stamped then or earlier.
    pub until: Option<Hlc>,
}

impl Selection {
    /// Whether it leaves nothing out.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it means an operation.
    pub fn holds(&self, operation: &SignedOperation) -> bool {
        let people = [Some(operation.issuer()), Some(operation.certifier()), subject(operation)];
        let in_channels =
            || self.channels.is_empty() || operation.channel().is_some_and(|channel| self.channels.contains(&channel));
        let of_users = || self.users.is_empty() || people.iter().flatten().any(|user| self.users.contains(user));
        let at = operation.timestamp();
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at <= until)
            && in_channels()
            && of_users()
    }
}

/// Gives each operation of the store in `directory`, which another process may be writing to, to `each`, until that
/// returns `false`. `scratch` is an empty directory of the caller's.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn export(directory: &Path, scratch: &Path, mut each: impl FnMut(OpKey, Bytes) -> bool) -> Result<(), StoreError> {
    let db = open(directory, scratch)?;
    for entry in db.ascend(Family::Log, &[], &[])? {
        let (key, bytes) = entry?;
        let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Log, "a key is short"))?;
        if !each(key, bytes.into_vec().into()) {
            break;
        }
    }
    Ok(())
}

fn open(directory: &Path, scratch: &Path) -> Result<Db, StoreError> {
    let path = database(directory);
    if !path.join("CURRENT").exists() {
        return Err(StoreError::Absent(directory.into()));
    }
    Db::open_secondary(&path, scratch)
}

/// Writes the log of the store in `directory`, which another process may be writing to, as an exported log: all of it as it
/// was at one moment, or what a selection means. `scratch` is an empty directory of the caller's. `progress` is told, now
/// and then, how many of how many operations were looked at. The stream is flushed when it is given back.
///
/// # Errors
/// [`ExportError`]; what was written has no trailer then.
pub fn write_log<W: Write>(
    directory: &Path,
    scratch: &Path,
    selection: &Selection,
    to: W,
    mut progress: impl FnMut(u64, u64),
) -> Result<(W, Trailer), ExportError> {
    let db = open(directory, scratch)?;
    let genesis = read_genesis(&db)?;
    let (head, arrivals, gap) = whole_arrivals(&db)?;
    let whole = selection.is_everything();
    let scope = if whole { Scope::Whole } else { Scope::Part };
    let mut file = LogFileWriter::new(to, &Header { scope, genesis })?;
    let mut seen = 0;
    for entry in db.ascend(Family::Log, &[], &[])? {
        let (key, bytes) = entry?;
        let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Log, "a key is short"))?;
        let operation = SignedOperation::decode(bytes.into_vec().into())
            .map_err(|error| StoreError::BadOperation { key, error })?;
        if operation.key() != key {
            let what = format!("at {key:?} stands {:?}", operation.key());
            return Err(damaged(Family::Log, what).into());
        }
        if whole || selection.holds(&operation) {
            file.push(key, operation.bytes())?;
        }
        seen += 1;
        if seen % PROGRESS_EVERY == 0 {
            progress(seen, head.arrivals);
        }
    }
    if gap.is_some() || seen != head.arrivals {
        return Err(ExportError::Count { log: seen, arrivals });
    }
    let (to, trailer) = file.finish()?;
    if whole && trailer.log_digest != head.digests.log_digest() {
        return Err(ExportError::Digest);
    }
    Ok((to, trailer))
}
