//! The store: made once, opened by one process.

use std::path::Path;

use crate::{Genesis, Outcome, Reader, StoreError, Submission};

/// The store of a node.
#[derive(Debug)]
pub struct Store;

/// The one writer.
#[derive(Debug)]
pub struct Writer;

impl Store {
    /// Makes a store.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is one.
    pub fn init(_directory: &Path, _genesis: &Genesis) -> Result<(), StoreError> {
        Err(StoreError::Poisoned)
    }

    /// Opens a store for writing and reading.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(_directory: &Path) -> Result<(Writer, Reader), StoreError> {
        Err(StoreError::Poisoned)
    }
}

impl Writer {
    /// Judges, logs and projects operations; all is on disk when it returns. Outcomes keep the order.
    ///
    /// # Errors
    /// [`StoreError`]: the store is poisoned then, and what was submitted has an unknown fate.
    pub fn commit(&mut self, _batch: &[Submission], _now_ms: u64) -> Result<Vec<Outcome>, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// Logs what was kept aside and is due by `now_ms`; returns how many.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn release_due(&mut self, _now_ms: u64) -> Result<usize, StoreError> {
        Err(StoreError::Poisoned)
    }

    /// Closes the store cleanly.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    pub fn close(self) -> Result<(), StoreError> {
        Err(StoreError::Poisoned)
    }
}
