//! Putting a backup back: into a new directory, verified on the way.

use std::path::Path;

use dmpc::{identity::node_id, protected::IdentityText};

use super::{
    BackupError, IDENTITY, Manifest, STORE,
    create::{name, remove, sync, unfinished},
    failed, files,
    verify::require_head,
};
use crate::{
    StoreError, head_file,
    identity_file::{self, make_private_directory},
    stage::{self, Stage},
    store::{database, head_path},
};

/// Puts a backup into a directory that is not there yet, which gets its name when all of it is on disk and verified.
/// `identity` is the file of the node's keys, for a backup without them. `scratch` is an empty directory of the caller's.
/// `progress` is told how many of how many bytes are copied.
///
/// The node that starts there begins a stretch of history of its own, as every start does: cursors that the node gave after
/// the backup was made are foreign to it.
///
/// # Errors
/// [`BackupError`]; there is no directory then.
pub fn restore(
    from: &Path,
    to: &Path,
    identity: Option<&Path>,
    scratch: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let unfinished = unfinished(to);
    let made = copy(from, &unfinished, identity, scratch, &mut progress).and_then(|manifest| {
        stage::pass(Stage::RestoreComplete)?;
        name(&unfinished, to)?;
        Ok(manifest)
    });
    if made.is_err() {
        // What failed is said; what is left of it goes at the next try.
        remove(&unfinished).ok();
    }
    made
}

fn copy(
    from: &Path,
    unfinished: &Path,
    identity: Option<&Path>,
    scratch: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    let manifest = files::manifest(from)?;
    remove(unfinished)?;
    let db = database(&unfinished.join(STORE));
    make_private_directory(&db).map_err(failed("make", &db))?;
    let (mut done, all) = (0, manifest.bytes());
    for entry in &manifest.files {
        let path = from.join(&entry.path);
        if !path.is_file() {
            return Err(BackupError::Missing(path));
        }
        let mut copied = |bytes| {
            done += bytes;
            progress(done, all);
        };
        files::require(entry, &path, files::copy(&path, &unfinished.join(&entry.path), &mut copied)?)?;
    }
    let own = unfinished.join(IDENTITY);
    if !own.exists() {
        files::copy(identity.ok_or(BackupError::NoIdentity)?, &own, &mut |_| ())?;
    }
    stage::pass(Stage::RestoreCopied)?;
    require_identity(&own, &manifest)?;
    require_head(unfinished, scratch, &manifest)?;
    sync([&db, &unfinished.join(STORE), unfinished])?;
    Ok(manifest)
}

/// That the keys are those of the node.
fn require_identity(path: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    // One that is protected is nothing that a node starts with; it says so itself.
    let IdentityText::Plain(identity) = identity_file::read(path)? else { return Ok(()) };
    let Ok(recipient) = identity.encryption.encryption_key() else { return Ok(()) };
    let node = node_id(&identity.signing.verifying_key(), &recipient);
    if node == manifest.node { Ok(()) } else { Err(BackupError::OtherNode { identity: node, backup: manifest.node }) }
}

/// Operations that the store in `store` acknowledged after a backup of it was made: they are not in the backup. From the file
/// HEAD alone, so the database may be lost.
///
/// # Errors
/// [`StoreError`] when HEAD cannot be read.
pub fn since(store: &Path, manifest: &Manifest) -> Result<u64, StoreError> {
    let acknowledged = head_file::look(&head_path(store))?;
    Ok(acknowledged.arrivals.saturating_sub(manifest.operations))
}
