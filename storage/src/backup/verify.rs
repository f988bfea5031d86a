//! Verifying a backup: every file is what was written, and the database says what the manifest says.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{BackupError, MANIFEST, Manifest, STORE, create::look, files};

/// Verifies the files of a backup and looks into its database, and changes nothing. `scratch` is an empty directory of the
/// caller's. `progress` is told how many of how many bytes were read. (What the log means is a replay's question.)
///
/// # Errors
/// [`BackupError`] names the first file that is not as it was written.
pub fn verify(directory: &Path, scratch: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Manifest, BackupError> {
    let manifest = files::manifest(directory)?;
    let known: BTreeSet<PathBuf> = manifest.files.iter().map(|entry| PathBuf::from(&entry.path)).collect();
    let (mut done, all) = (0, manifest.bytes());
    for entry in &manifest.files {
        let path = directory.join(&entry.path);
        if !path.is_file() {
            return Err(BackupError::Missing(path));
        }
        let mut read = |bytes| {
            done += bytes;
            progress(done, all);
        };
        files::require(entry, &path, files::sum(&path, &mut read)?)?;
    }
    let foreign = |path: &PathBuf| !known.contains(path) && path != Path::new(MANIFEST);
    if let Some(path) = files::list(directory)?.into_iter().find(foreign) {
        return Err(BackupError::Foreign(directory.join(path)));
    }
    require_head(directory, scratch, &manifest)?;
    Ok(manifest)
}

/// That a database is the one of a manifest.
pub(super) fn require_head(directory: &Path, scratch: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let (genesis, head) = look(&directory.join(STORE), scratch)?;
    let found = (genesis.node, head.arrivals, head.digests.state_digest(&genesis), head.digests.log_digest());
    if found != (manifest.node, manifest.operations, manifest.state_digest, manifest.log_digest) {
        return Err(BackupError::Head { found: head.arrivals, stated: manifest.operations });
    }
    Ok(())
}
