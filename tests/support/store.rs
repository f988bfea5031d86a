//! Stores in this process.

use std::path::Path;

use dmpc::{VerifiedOperation, cursor::Generation};
use dmpc_storage::{
    Limits, Reader, Source, Store, Submission, Writer,
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

/// Opens a store, as a node does when it starts.
pub(crate) fn open(path: &Path) -> (Writer, Reader) {
    Store::open(path, Limits::default(), generation()).unwrap()
}

/// Opens a store that judges so much again in a batch.
pub(crate) fn open_with_step(path: &Path, step: Step) -> (Writer, Reader) {
    Store::open(path, Limits { step, ..Limits::default() }, generation()).unwrap()
}

/// Audits a store with everything that an audit can compare, and sees that all agrees.
pub(crate) fn audited(path: &Path) -> Report {
    let scratch = tempfile::tempdir().unwrap();
    let options = Options { verify: true, channels: true, ..Options::default() };
    let report = replay(path, scratch.path(), options, &mut OsRng, |_, _| {}).unwrap();
    assert!(report.agrees(), "{:?}", report.faults);
    report
}
