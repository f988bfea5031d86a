//! Rebuilding: everything but the log, the order of arrival and what is kept aside is dropped and made again from them.
//! The new database takes the place of the old one in one step, so a crash leaves one or the other whole.

use std::{fs, path::Path};

use dmpc::{VerifiedOperation, cursor::Generation};

use crate::{
    Limits, Store, StoreError,
    db::{Batch, Db, Read},
    families::{
        Family, arrival,
        meta::{self, Head},
    },
    head_file,
    outcome::{Source, Submission},
    stage::{self, Stage},
    store::{self, database, read_genesis, read_head, require_acknowledged, require_database},
    views::{damaged, operation},
};

/// Operations that are judged in one batch.
const BATCH: usize = 1_024;
/// Where the new database grows within the store.
const GROWING: &str = "rebuild";

impl Store {
    /// Rebuilds the views, indexes, feed and digests from the log, in the order of arrival. Sequences and numbers are
    /// given anew, in a history that begins with `generation`, so cursors made before are foreign afterwards. Gives the
    /// number of operations.
    ///
    /// # Errors
    /// [`StoreError`]; the store is as it was then.
    pub fn rebuild(directory: &Path, generation: Generation) -> Result<u64, StoreError> {
        let path = require_database(directory)?;
        let _lock = store::lock(directory)?;
        let old = Db::open_read_only(&path)?;
        let head = read_head(&old)?;
        let acknowledged = head_file::look_for(&store::head_path(directory), &read_genesis(&old)?.node)?;
        require_acknowledged(&head, &acknowledged, &path)?;
        let growing = directory.join(GROWING);
        remove(&growing)?;
        Self::init(&growing, &read_genesis(&old)?)?;
        relog(&old, &growing, generation)?;
        keep_aside(&old, &head, &growing)?;
        let new = Db::open_read_only(&database(&growing))?;
        let made = read_head(&new)?;
        if (made.arrivals, made.last, &made.digests.log) != (head.arrivals, head.last, &head.digests.log) {
            return Err(damaged(Family::Arrival, "what is rebuilt is another log"));
        }
        drop((old, new));
        stage::pass(Stage::RebuildReady)?;
        rustix::fs::renameat_with(
            rustix::fs::CWD,
            database(&growing),
            rustix::fs::CWD,
            &path,
            rustix::fs::RenameFlags::EXCHANGE,
        )
        .map_err(|error| StoreError::Io { context: "put the new database in place", message: error.to_string() })?;
        store::sync_directory(directory)?;
        stage::pass(Stage::RebuildExchanged)?;
        remove(&growing)?;
        Ok(head.arrivals)
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Io { context: "remove what an earlier rebuild left", message: error.to_string() })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Logs every operation again, in the order of arrival.
fn relog(old: &Db, growing: &Path, generation: Generation) -> Result<(), StoreError> {
    let (mut writer, _) = Store::open(growing, Limits::default(), generation)?;
    let mut batch: Vec<Submission> = Vec::with_capacity(BATCH);
    for entry in old.ascend(Family::Arrival, &[], &[])? {
        let (_, key) = entry?;
        let key = arrival::parse_value(&key).ok_or_else(|| damaged(Family::Arrival, "a value is short"))?;
        let missing = || damaged(Family::Log, "an operation that arrived is missing");
        let operation: VerifiedOperation = operation(old, &key)?.ok_or_else(missing)?;
        batch.push(Submission { operation, source: Source([0; 16]) });
        if batch.len() == BATCH {
            writer.relog(&batch)?;
            batch.clear();
        }
    }
    writer.relog(&batch)?;
    writer.close()
}

/// Copies what is kept aside, which is in no log yet, and how much ever was.
fn keep_aside(old: &Db, head: &Head, growing: &Path) -> Result<(), StoreError> {
    let new = Db::open(&database(growing))?;
    let mut batch = Batch::default();
    let made = Head { kept: head.kept, ..read_head(&new)? };
    batch.put(Family::Meta, meta::HEAD_KEY, &made.value());
    for entry in old.ascend(Family::Waiting, &[], &[])? {
        let (key, value) = entry?;
        batch.put(Family::Waiting, &key, &value);
    }
    new.write(batch)
}
