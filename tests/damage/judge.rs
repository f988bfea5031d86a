//! What becomes of a damaged store: what a start, `doctor` and the acceptance of a loss make of it, held against each other.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use dmpc_storage::{
    Limits, StoreError,
    doctor::{accept_loss, examine},
    replay::{Options, replay},
};
use rand_core::OsRng;
use rocksdb::{DB, IteratorMode};

use crate::support::{
    damage::{copied, stored},
    store::{audited, try_open},
};

/// Of so many, the loss of one is accepted and what is left is audited; by `make soak`, that of each.
const THOROUGHLY: usize = 8;

/// What becomes of a damaged store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Became {
    /// It opens, and all is there.
    Whole,
    /// It opens; an audit finds what is damaged, or a read does.
    Found,
    /// It is refused, and goes on from a prefix when the loss is accepted.
    Prefix,
    /// It is refused for good.
    Refused,
}

/// A store as a crash left it, of which damaged copies are made.
pub(super) struct Original {
    directory: tempfile::TempDir,
    /// Keys in the order of their arrival.
    arrivals: Vec<Box<[u8]>>,
}

/// Tries again for a while where the store is locked: other specifications start programs, and each of these holds what this
/// process has locked from its fork until it is another program.
fn unlocked<T>(try_one: impl Fn() -> Result<T, StoreError>, is_locked: impl Fn(&T) -> bool) -> Result<T, StoreError> {
    for _ in 0..100 {
        match try_one() {
            Ok(found) if is_locked(&found) => {}
            Err(StoreError::Locked(_)) => {}
            done => return done,
        }
        sleep(Duration::from_millis(20));
    }
    try_one()
}

/// In memory where the system has such a place: thousands of stores are opened.
pub(super) fn fast_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The keys of a database nobody has open, in the order of their arrival.
fn arrivals(store: &Path) -> Vec<Box<[u8]>> {
    let path = store.join("db");
    let mut options = rocksdb::Options::default();
    // As a node does: not every table is looked at.
    options.set_max_open_files(512);
    let families = DB::list_cf(&options, &path).unwrap();
    let db = DB::open_cf_for_read_only(&options, &path, &families, false).unwrap();
    let entries = db.iterator_cf(db.cf_handle("arrival").unwrap(), IteratorMode::Start);
    entries.map(|entry| entry.unwrap().1).collect()
}

impl Original {
    pub(super) fn new() -> Self {
        let directory = fast_directory();
        let store = directory.path().join("store");
        stored(&store);
        audited(&store);
        let arrivals = arrivals(&store);
        Self { directory, arrivals }
    }

    pub(super) fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Operations that were logged.
    pub(super) fn operations(&self) -> usize {
        self.arrivals.len()
    }

    /// What becomes of a copy that `damage` changes; `thoroughly`, a loss is accepted, and what is left is audited.
    pub(super) fn judged(&self, thoroughly: bool, damage: impl FnOnce(&Path)) -> Result<Became, String> {
        let directory = fast_directory();
        let store = directory.path().join("store");
        copied(&self.store(), &store);
        damage(&store);
        self.judge(&store, thoroughly)
    }

    fn judge(&self, store: &Path, thoroughly: bool) -> Result<Became, String> {
        let scratch = fast_directory();
        let (loss, tables) = match unlocked(|| examine(store, scratch.path()), |condition| condition.is_open) {
            Ok(condition) => (condition.loss, condition.tables),
            Err(error) => (Some(error), None),
        };
        let before = contents(store);
        match (try_open(store, Limits::default()), loss, tables) {
            (Ok(opened), None, _) => {
                drop(opened);
                self.whole(store)
            }
            (Ok(_), Some(said), _) => Err(format!("it opens, and doctor says: {said}")),
            (Err(error), None, None) => Err(format!("doctor sees nothing, and it is refused: {error}")),
            // What a start happens to read of the tables. Both name the table.
            (Err(error), None, Some(tables)) => {
                let is_of_tables = [&error, &tables].iter().all(|said| said.to_string().contains(".sst"));
                is_of_tables
                    .then_some(Became::Refused)
                    .ok_or(format!("it is refused with {error}, doctor says {tables}"))
            }
            // Which tables RocksDB opens first is its own choice, and so is where it meets the damage.
            (Err(error @ StoreError::Corrupt { .. }), Some(said @ StoreError::Corrupt { .. }), _)
                if !error.to_string().contains(".log") && error.to_string() != said.to_string() =>
            {
                let is_of_tables = [&error, &said].iter().all(|said| said.to_string().contains(".sst"));
                is_of_tables.then_some(Became::Refused).ok_or(format!("it is refused with {error}, doctor says {said}"))
            }
            (Err(error), Some(said), _) => {
                require_typed(&error)?;
                if said.to_string().replace(" to look", "") != error.to_string().replace(" to look", "") {
                    return Err(format!("it is refused with: {error}\ndoctor says: {said}"));
                }
                // A HEAD of another store is seen when the database is open already, where that was closed cleanly.
                let is_foreign = error.to_string().contains("of this node");
                if contents(store) != before && !is_foreign {
                    return Err(format!("it is refused and was changed: {error}"));
                }
                if thoroughly { self.without(store) } else { self.lost(&error) }
            }
        }
    }

    /// A store that was refused: how much is left of it.
    fn lost(&self, error: &StoreError) -> Result<Became, String> {
        match error {
            StoreError::AcknowledgedLost { log, acknowledged, .. } => {
                let all = u64::try_from(self.arrivals.len()).unwrap();
                let is_prefix = log < acknowledged && *acknowledged == all;
                is_prefix.then_some(Became::Prefix).ok_or(format!("{log} of {acknowledged} are left of {all}"))
            }
            StoreError::KeptAsideLost { .. } => Ok(Became::Prefix),
            _ => Ok(Became::Refused),
        }
    }

    /// A store that opened: an audit finds nothing wrong and all that was acknowledged, or says what is damaged.
    fn whole(&self, store: &Path) -> Result<Became, String> {
        let scratch = fast_directory();
        match replay(store, scratch.path(), Options::default(), &mut OsRng, |_, _| {}) {
            Ok(report) if report.agrees() => match arrivals(store) == self.arrivals {
                true => Ok(Became::Whole),
                false => Err("it opens, all agrees, and it holds something else".to_owned()),
            },
            Ok(report) if report.fault().is_some() => Ok(Became::Found),
            Ok(_) => Err("it opens, and an audit does not agree and does not say why".to_owned()),
            Err(error) => require_typed(&error).map(|()| Became::Found),
        }
    }

    /// A store that was refused: the loss is accepted, and it goes on from a prefix; or it stays as it is.
    fn without(&self, store: &Path) -> Result<Became, String> {
        let scratch = fast_directory();
        let before = contents(store);
        let loss = match unlocked(|| accept_loss(store, scratch.path()), |_| false) {
            Ok(Some(loss)) => loss,
            Ok(None) => return Err("it is refused, and doctor --accept-loss says that nothing is lost".to_owned()),
            Err(error) => {
                require_typed(&error)?;
                let is_same = contents(store) == before;
                return is_same
                    .then_some(Became::Refused)
                    .ok_or("the loss was not accepted, and it was changed".to_owned());
            }
        };
        let opened = try_open(store, Limits::default());
        drop(opened.map_err(|error| format!("the loss was accepted, and it does not open: {error}"))?);
        let found = match self.whole_or_prefix(store)? {
            Some(found) => found,
            None => return Ok(Became::Found),
        };
        if loss.operations != u64::try_from(found.len()).unwrap() || found[..] != self.arrivals[..found.len()] {
            return Err(format!(
                "{} operations were said to be left, and {} are, or others",
                loss.operations,
                found.len()
            ));
        }
        Ok(Became::Prefix)
    }

    fn whole_or_prefix(&self, store: &Path) -> Result<Option<Vec<Box<[u8]>>>, String> {
        let scratch = fast_directory();
        match replay(store, scratch.path(), Options::default(), &mut OsRng, |_, _| {}) {
            Ok(report) if report.agrees() => Ok(Some(arrivals(store))),
            Ok(report) => Err(format!("after the loss was accepted: {:?}", report.faults)),
            Err(error) => require_typed(&error).map(|()| None),
        }
    }
}

/// That an error says of itself that the store is damaged, and where.
fn require_typed(error: &StoreError) -> Result<(), String> {
    let said = error.to_string();
    let is_placed =
        [".log", ".sst", "MANIFEST", "CURRENT", "HEAD", "CF:", "column famil"].iter().any(|word| said.contains(word));
    let is_family = matches!(error, StoreError::Damaged { .. } | StoreError::BadOperation { .. });
    match error.is_damage() && (is_placed || is_family) {
        true => Ok(()),
        false => Err(format!("it is refused without a place: {error:?}")),
    }
}

/// What a store holds, but for what RocksDB writes for people.
fn contents(store: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let database = fs::read_dir(store.join("db")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_kept = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        !name.starts_with("LOG") && name != "LOCK" && path.is_file()
    };
    let paths = database.chain([store.join("HEAD")]).filter(is_kept);
    paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// Tries many on all cores; what became of them, and what is wrong with it.
pub(super) fn tried<T: Sync>(
    cases: &[T],
    try_one: impl Fn(&T, bool) -> Result<Became, String> + Sync,
    name: impl Fn(&T) -> String,
) -> BTreeMap<Became, usize> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let is_soak = std::env::var_os("DMPC_SOAK_DAMAGE").is_some();
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    let work = || {
        let mut became = Vec::new();
        loop {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(case) = cases.get(number) else { return became };
            became.push((number, try_one(case, is_soak || number.is_multiple_of(THOROUGHLY))));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for (number, became) in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            match became {
                Ok(became) => *counts.entry(became).or_default() += 1,
                Err(why) => wrong.push(format!("{}: {why}", name(&cases[number]))),
            }
        }
    });
    println!("{} tried: {counts:?}", cases.len());
    let shown = &wrong[..wrong.len().min(10)];
    assert!(wrong.is_empty(), "{} of {} went wrong: {shown:#?}", wrong.len(), cases.len());
    counts
}
