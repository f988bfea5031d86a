//! Temporary directories that only their owner may enter, as identities need them.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

/// A temporary directory of mode 0700.
pub(crate) fn private_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap()
}
