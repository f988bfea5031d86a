//! Making a backup: of a checkpoint that a running node made, or of the store of a stopped one.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{BackupError, Entry, IDENTITY, MANIFEST, Manifest, STORE, failed, files};
use crate::{
    StoreError,
    db::{Db, Read},
    families::{Family, meta::Head},
    head_file::{self, HeadFile},
    identity_file::{directory_of, make_private_directory, sync_directory},
    stage::{self, Stage},
    store::{self, database, head_path, read_genesis, read_head, require_acknowledged, require_database},
};

/// The lock of a store that nobody has open; nobody opens it as long as the value lives.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

impl Hold {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while a node has the store open; [`StoreError::Absent`] where there is none.
    pub fn take(store: &Path) -> Result<Self, StoreError> {
        if !head_path(store).exists() {
            return Err(StoreError::Absent(store.into()));
        }
        Ok(Self { _lock: store::lock(store)? })
    }
}

/// What is to be copied, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Holds the database in `db`: a checkpoint, or a store that is held.
    pub store: &'a Path,
    /// File of the node's keys, if they belong to the copy.
    pub identity: Option<&'a Path>,
    /// The directory that is made; it gets its name when all of it is on disk.
    pub to: &'a Path,
    /// An empty directory of the caller's.
    pub scratch: &'a Path,
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

/// Makes a backup. `progress` is told how many of how many bytes are copied.
///
/// # Errors
/// [`BackupError`]; [`StoreError::Rejudging`] when the database is in the middle of a re-judgement, so that its digests say
/// nothing. There is no backup then.
pub fn create(order: Order<'_>, mut progress: impl FnMut(u64, u64)) -> Result<Manifest, BackupError> {
    if order.to.exists() {
        return Err(BackupError::Exists(order.to.to_owned()));
    }
    let unfinished = unfinished(order.to);
    let made = copy(order, &unfinished, &mut progress).and_then(|manifest| {
        stage::pass(Stage::BackupComplete)?;
        name(&unfinished, order.to)?;
        Ok(manifest)
    });
    if made.is_err() {
        // What failed is said; what is left of it goes at the next try.
        remove(&unfinished).ok();
    }
    made
}

fn copy(order: Order<'_>, unfinished: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Manifest, BackupError> {
    let Order { store, identity, scratch, now_ms, .. } = order;
    let (genesis, head) = look(store, scratch)?;
    if head_path(store).exists() {
        let acknowledged = head_file::look_for(&head_path(store), &genesis.node)?;
        require_acknowledged(&head, &acknowledged, &database(store))?;
    }
    remove(unfinished)?;
    let copied = database(&unfinished.join(STORE));
    make_private_directory(&copied).map_err(failed("make", &copied))?;
    let mut paths: Vec<(PathBuf, String)> = files::list(&database(store))?
        .into_iter()
        .filter(|path| !path.file_name().is_some_and(files::is_left_out))
        .map(|path| (database(store).join(&path), format!("{STORE}/db/{}", path.display())))
        .collect();
    paths.extend(identity.map(|path| (path.to_owned(), IDENTITY.to_owned())));
    let size = |path: &PathBuf| fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
    let all: u64 = paths.iter().map(|(path, _)| size(path)).sum();
    let (mut done, mut entries) = (0, Vec::new());
    for (from, path) in paths {
        let mut copied = |bytes| {
            done += bytes;
            progress(done, all);
        };
        let (bytes, hash) = files::copy(&from, &unfinished.join(&path), &mut copied)?;
        entries.push(Entry { path, bytes, hash });
    }
    stage::pass(Stage::BackupCopied)?;
    let head_file = head_path(&unfinished.join(STORE));
    HeadFile::create(&head_file, genesis.node)?.mark(&head.acknowledged(true))?;
    let (bytes, hash) = files::sum(&head_file, &mut |_| ())?;
    entries.push(Entry { path: format!("{STORE}/HEAD"), bytes, hash });
    entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    let manifest = Manifest {
        node: genesis.node,
        taken_ms: now_ms,
        operations: head.arrivals,
        state_digest: head.digests.state_digest(&genesis),
        log_digest: head.digests.log_digest(),
        files: entries,
    };
    write(&unfinished.join(MANIFEST), &manifest.to_string())?;
    sync([&copied, &unfinished.join(STORE), unfinished])?;
    Ok(manifest)
}

/// Genesis and head of a database that nobody writes to, or of a checkpoint.
pub(super) fn look(store: &Path, scratch: &Path) -> Result<(crate::Genesis, Head), BackupError> {
    // As a secondary: it leaves nothing behind in the directory itself.
    let db = Db::open_secondary(&require_database(store)?, scratch)?;
    if db.ascend(Family::Work, &[], &[])?.next().transpose()?.is_some() {
        return Err(StoreError::Rejudging.into());
    }
    Ok((read_genesis(&db)?, read_head(&db)?))
}

/// Puts the names in directories on disk.
pub(super) fn sync(directories: [&Path; 3]) -> Result<(), BackupError> {
    directories.into_iter().try_for_each(|path| sync_directory(path).map_err(failed("sync", path)))
}

/// The name of a directory that is not finished, beside its place.
pub(super) fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    to.with_file_name(name)
}

/// Removes what an earlier run left.
pub(super) fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives a directory its name, which is on disk when it returns.
pub(super) fn name(unfinished: &Path, to: &Path) -> Result<(), BackupError> {
    rustix::fs::renameat_with(rustix::fs::CWD, unfinished, rustix::fs::CWD, to, rustix::fs::RenameFlags::NOREPLACE)
        .map_err(|error| failed("name", to)(error.into()))?;
    let parent = directory_of(to);
    sync_directory(&parent).map_err(failed("sync", &parent))
}

fn write(path: &Path, text: &str) -> Result<(), BackupError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = made.map_err(failed("make", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write", path))
}
