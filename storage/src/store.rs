//! The store: made once, opened by one process.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::{OpKey, cursor::Generation};

use crate::{
    Genesis, Limits, Reader, StoreError, Writer,
    db::{self, Batch, Db, Published, Read},
    families::{
        Family,
        meta::{self, FORMAT, Head},
    },
    head_file::{self, Acknowledged, HeadFile},
    history::History,
    names::Names,
    projection::definition::root_facts,
    ranks::RankCache,
    stage::{self, Stage},
    views::damaged,
    writer::{Opened, Rejudging},
};

/// The store of a node.
#[derive(Debug)]
pub struct Store;

/// RocksDB's directory within the store.
pub(crate) fn database(directory: &Path) -> PathBuf {
    directory.join("db")
}

/// The file of acknowledgements within the store.
pub(crate) fn head_path(directory: &Path) -> PathBuf {
    directory.join("HEAD")
}

impl Store {
    /// Makes a store.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is one.
    pub fn init(directory: &Path, genesis: &Genesis) -> Result<(), StoreError> {
        if head_path(directory).exists() || database(directory).exists() {
            return Err(StoreError::Exists(directory.into()));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(io("make the store's directory"))?;
        let db = Db::create(&database(directory))?;
        let mut genesis = genesis.clone();
        genesis.roots.sort_unstable_by_key(|root| root.user);
        write_genesis(&db, &genesis)?;
        db.flush()?;
        stage::pass(Stage::InitDatabase)?;
        HeadFile::create(&head_path(directory), genesis.node)?;
        sync_directory(directory)?;
        stage::pass(Stage::InitComplete)
    }

    /// Opens a store for writing and reading, within the bounds given. After an unclean stop it is looked at first, and
    /// refused unchanged when something acknowledged is missing. `generation` is drawn at random for each start: it names
    /// the stretch of history that begins.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Locked`], [`StoreError::TooNew`], [`StoreError::AcknowledgedLost`] and others.
    pub fn open(directory: &Path, limits: Limits, generation: Generation) -> Result<(Writer, Reader), StoreError> {
        Self::open_with(directory, limits, generation, |_| ())
    }

    /// The same. A re-judgement that was not finished is finished first; `progress` is told of each step of it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        directory: &Path,
        limits: Limits,
        generation: Generation,
        mut progress: impl FnMut(Rejudging),
    ) -> Result<(Writer, Reader), StoreError> {
        let path = require_database(directory)?;
        // The lock comes first: looking at a directory that another process writes to proves nothing.
        let lock = lock(directory)?;
        let acknowledged = head_file::look(&head_path(directory))?;
        // RocksDB drops what follows damage as soon as it opens for writing. A log of a store that was closed may be damaged too.
        if !acknowledged.clean || db::damage(&path)?.is_some() {
            let look = Db::look_at(&path, Family::Meta)?;
            let acknowledged = head_file::look_for(&head_path(directory), &read_genesis(&look)?.node)?;
            require_acknowledged(&read_head(&look)?, &acknowledged, &path)?;
        }
        let db = Arc::new(Db::open(&path)?);
        let genesis = read_genesis(&*db)?;
        let head = read_head(&*db)?;
        let (mut head_file, acknowledged) = HeadFile::open(&head_path(directory), genesis.node)?;
        require_acknowledged(&head, &acknowledged, &path)?;
        head_file.mark(&head.acknowledged(false))?;
        let history = History::begin(&db, &head, generation)?;
        let (published, ranks) = (Arc::new(Published::default()), Arc::new(RankCache::default()));
        let reader = Reader::new(Arc::clone(&db), Arc::clone(&published), genesis.clone(), history, Arc::clone(&ranks));
        let mut writer = Writer::new(Opened { db, published, ranks, genesis, limits, head, head_file, lock })?;
        while let Some(done) = writer.step()? {
            progress(done);
        }
        Ok((writer, reader))
    }
}

fn io(context: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
    move |error| StoreError::Io { context, message: error.to_string() }
}

/// Makes what was made or renamed in a directory last.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    let opened = fs::File::open(directory).and_then(|directory| directory.sync_all());
    opened.map_err(io("sync the store's directory"))
}

/// RocksDB's directory in a store that is there.
///
/// # Errors
/// [`StoreError::Absent`] where there is none; [`StoreError::Damaged`] where there is one without the file that all begins with.
pub(crate) fn require_database(directory: &Path) -> Result<PathBuf, StoreError> {
    let path = database(directory);
    match (path.join("CURRENT").exists(), path.is_dir()) {
        (true, _) => Ok(path),
        (false, true) => Err(StoreError::Damaged { family: "CURRENT", what: "the file is missing".to_owned() }),
        (false, false) => Err(StoreError::Absent(directory.into())),
    }
}

/// Locks the store for one process, for as long as the file is open.
pub(crate) fn lock(directory: &Path) -> Result<fs::File, StoreError> {
    let file = fs::File::open(head_path(directory)).map_err(head_file::not_opened)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| StoreError::Locked(directory.into()))?;
    Ok(file)
}

/// What was acknowledged must be in the log; the last one at its place, where nothing came after it. `database` is looked at
/// for where something was lost.
pub(crate) fn require_acknowledged(
    head: &Head,
    acknowledged: &Acknowledged,
    database: &Path,
) -> Result<(), StoreError> {
    if head.arrivals < acknowledged.arrivals {
        return Err(StoreError::AcknowledgedLost {
            log: head.arrivals,
            acknowledged: acknowledged.arrivals,
            key: acknowledged.last,
            place: db::damage_or_end(database)?,
        });
    }
    if head.kept < acknowledged.kept {
        let place = db::damage_or_end(database)?;
        return Err(StoreError::KeptAsideLost { kept: head.kept, acknowledged: acknowledged.kept, place });
    }
    if head.arrivals == acknowledged.arrivals && head.last != acknowledged.last {
        let what = format!("arrival {} is {:?}, {:?} was acknowledged", head.arrivals, head.last, acknowledged.last);
        return Err(damaged(Family::Arrival, what));
    }
    Ok(())
}

fn write_genesis(db: &Db, genesis: &Genesis) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    let mut names = Names::new([0; 3]);
    for root in &genesis.roots {
        names.make_known(db, &root.user)?;
    }
    let mut encoder = crate::batch::Encoder { db, names: &mut names, batch: &mut batch };
    let facts = genesis.roots.iter().flat_map(root_facts);
    encoder.facts(&facts.map(|(register, value)| ((register, OpKey::MIN), Some(value))).collect())?;
    names.write(&mut batch);
    let mut head = Head::empty();
    head.numbers = names.given();
    batch.put(Family::Meta, meta::FORMAT_KEY, &FORMAT.to_be_bytes());
    batch.put(Family::Meta, meta::GENESIS_KEY, &meta::genesis_value(genesis));
    batch.put(Family::Meta, meta::HEAD_KEY, &head.value());
    db.write(batch)
}

/// The genesis of a store, of a format that this program knows.
pub(crate) fn read_genesis(read: &impl Read) -> Result<Genesis, StoreError> {
    let format = read.get(Family::Meta, meta::FORMAT_KEY)?;
    let format = format.as_deref().and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    match format {
        Some(FORMAT) => {}
        Some(found) => return Err(StoreError::TooNew { found, known: FORMAT }),
        None => return Err(damaged(Family::Meta, "there is no format version")),
    }
    let genesis = read.get(Family::Meta, meta::GENESIS_KEY)?;
    genesis.as_deref().and_then(meta::parse_genesis).ok_or_else(|| damaged(Family::Meta, "the genesis is unreadable"))
}

/// The head of a store.
pub(crate) fn read_head(read: &impl Read) -> Result<Head, StoreError> {
    let head = read.get(Family::Meta, meta::HEAD_KEY)?;
    head.as_deref().and_then(Head::parse).ok_or_else(|| damaged(Family::Meta, "the head is unreadable"))
}
