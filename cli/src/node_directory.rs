//! Directories that hold a store: the data directory of a node, which may be running, or a backup.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::CliError;

/// Where a node keeps its store within its data directory; in a backup, the same.
pub const STORE: &str = "store";

/// The store in a directory.
pub fn store(directory: &Path) -> PathBuf {
    directory.join(STORE)
}

/// An empty directory, which a store is opened beside its writer with; gone when the value is dropped.
///
/// # Errors
/// [`CliError::File`]
pub fn scratch() -> Result<TempDir, CliError> {
    tempfile::tempdir().map_err(|source| CliError::File { path: std::env::temp_dir(), source })
}
