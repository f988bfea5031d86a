//! Stores in this process.

use std::{path::Path, thread::sleep, time::Duration};

use dmpc::{VerifiedOperation, cursor::Generation};
use dmpc_storage::{
    Limits, Reader, Source, Store, StoreError, Submission, Writer,
    projection::work::Step,
    replay::{Options, Report, replay},
};
use rand_core::{OsRng, RngCore};

/// A name for a stretch of history.
pub(crate) fn generation() -> Generation {
    let mut bytes = [0; Generation::LEN];
    OsRng.fill_bytes(&mut bytes);
    Generation::from_bytes(bytes)
}

/// Operations as a writer takes them, all from one source.
pub(crate) fn submissions(operations: &[VerifiedOperation]) -> Vec<Submission> {
    let submission =
        |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
    operations.iter().map(submission).collect()
}

/// Opens a store that this process may have had open just now. Other specifications start programs meanwhile, and each of these
/// holds what this process has locked, from its fork until it is another program; so it is tried again for a while.
pub(crate) fn try_open(path: &Path, limits: Limits) -> Result<(Writer, Reader), StoreError> {
    let mut tries = 0;
    loop {
        match Store::open(path, limits, generation()) {
            Err(StoreError::Locked(_)) if tries < 100 => sleep(Duration::from_millis(20)),
            opened => return opened,
        }
        tries += 1;
    }
}

/// Opens a store, as a node does when it starts.
pub(crate) fn open(path: &Path) -> (Writer, Reader) {
    try_open(path, Limits::default()).unwrap()
}

/// Opens a store that judges so much again in a batch.
pub(crate) fn open_with_step(path: &Path, step: Step) -> (Writer, Reader) {
    try_open(path, Limits { step, ..Limits::default() }).unwrap()
}

/// Audits a store with everything that an audit can compare, and sees that all agrees.
pub(crate) fn audited(path: &Path) -> Report {
    let scratch = tempfile::tempdir().unwrap();
    let options = Options { signatures: true, families: true, channels: true, ..Options::default() };
    let report = replay(path, scratch.path(), options, &mut OsRng, |_, _| {}).unwrap();
    assert!(report.agrees(), "{:?}", report.faults);
    report
}
