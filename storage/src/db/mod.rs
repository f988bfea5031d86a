//! RocksDB, and nothing of what is kept in it: the only module that names the library.

mod batch;
mod failed;
mod held;
mod options;
mod scan;
mod table;
mod wal;

pub(crate) use batch::Batch;
pub(crate) use held::{Published, View};
pub(crate) use scan::Scan;
pub use wal::WalPlace;
pub(crate) use wal::{damage, damage_or_end};

use std::path::Path;

use rocksdb::{
    DB, DBPinnableSlice, DEFAULT_COLUMN_FAMILY_NAME, Direction, IteratorMode, Options, ReadOptions,
    SnapshotWithThreadMode, WriteOptions, checkpoint::Checkpoint, statistics::Ticker,
};

use self::failed::{failed, failed_to_open};
use crate::{StoreError, families::Family, stage};

/// An open database.
#[derive(Debug)]
pub(crate) struct Db {
    inner: DB,
    /// Counts for a process that is observed.
    counted: Option<Counted>,
}

/// Options of an open database, which hold what RocksDB counts.
struct Counted(Options);

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counted")
    }
}

/// A key and its value.
pub(crate) type Entry = (Box<[u8]>, Box<[u8]>);

/// Reading, from the database as it is or from a snapshot of it.
pub(crate) trait Read {
    /// The value of a key.
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The values of many keys of one family. Cheapest where keys ascend: neighbours share the block that they are in.
    fn get_many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Entries from `from` (inclusive) up to `end` (exclusive; empty: to the end of the family), ascending.
    fn ascend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError>;

    /// Entries from `end` (exclusive) down to `from` (inclusive), descending.
    fn descend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError>;
}

/// Entries of a range.
pub(crate) struct Entries<'a> {
    db: &'a Db,
    inner: rocksdb::DBIteratorWithThreadMode<'a, DB>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next().map(|entry| entry.map_err(|error| self.db.failed("read entries", &error)))
    }
}

impl Db {
    /// Makes the database where there is none.
    pub(crate) fn create(path: &Path) -> Result<Self, StoreError> {
        let inner = DB::open_cf_descriptors(&options::database(true), path, options::families())
            .map_err(|error| failed("make the store", &error, path))?;
        Ok(Self { inner, counted: None })
    }

    /// Opens it for writing. Only one process may.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut options = self::options::database(false);
        if stage::is_observed() {
            options.enable_statistics();
        }
        let opened = DB::open_cf_descriptors(&options, path, self::options::families());
        let inner = opened.map_err(|error| match error.kind() {
            rocksdb::ErrorKind::IOError if error.to_string().contains("lock") => StoreError::Locked(path.into()),
            _ => failed_to_open("open the store", &error, path),
        })?;
        Ok(Self { inner, counted: stage::is_observed().then_some(Counted(options)) })
    }

    /// Opens it to look, changing nothing. Not while another process writes.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Self::look(path, &options::database(false))
    }

    /// The same; what RocksDB has to say goes to `scratch`.
    pub(crate) fn open_read_only_quietly(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        let mut options = options::database(false);
        options.set_db_log_dir(scratch);
        Self::look(path, &options)
    }

    fn look(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let opened = DB::open_cf_descriptors_read_only(options, path, self::options::families(), false);
        let inner = opened.map_err(|error| failed_to_open("open the store to look", &error, path))?;
        Ok(Self { inner, counted: None })
    }

    /// The same, of one family alone: what the write-ahead log holds of the others is checked, and not put in order, which is
    /// most of what opening costs after an unclean stop.
    pub(crate) fn look_at(path: &Path, family: Family) -> Result<Self, StoreError> {
        // RocksDB wants its own family, which has nothing in it, to be among them.
        let names = [DEFAULT_COLUMN_FAMILY_NAME, family.name()];
        let opened = DB::open_cf_for_read_only(&options::database(false), path, names, false);
        let inner = opened.map_err(|error| failed_to_open("open the store to look", &error, path))?;
        Ok(Self { inner, counted: None })
    }

    /// Opens every table of a database that nobody writes to, and closes it again: so RocksDB sees what it looks at when it
    /// opens for writing, and nowhere else. `scratch` takes what it has to say.
    pub(crate) fn check(path: &Path, scratch: &Path) -> Result<(), StoreError> {
        let mut options = options::secondary();
        options.set_db_log_dir(scratch);
        DB::open_cf_descriptors_read_only(&options, path, options::families(), false)
            .map(drop)
            .map_err(|error| failed("open every table of the store", &error, path))
    }

    /// Reads every entry of a database, and so every block of its tables that holds some.
    pub(crate) fn read_through(&self) -> Result<(), StoreError> {
        for family in Family::ALL {
            let mut options = ReadOptions::default();
            options.fill_cache(false);
            self.iterate(family, options, &[], &[], Direction::Forward)?.try_for_each(|entry| entry.map(drop))?;
        }
        Ok(())
    }

    /// Opens it to look while another process may write. `scratch` is a directory of its own.
    pub(crate) fn open_secondary(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        let inner = DB::open_cf_descriptors_as_secondary(&options::secondary(), path, scratch, options::families())
            .map_err(|error| failed("open the store beside its writer", &error, path))?;
        Ok(Self { inner, counted: None })
    }

    /// Follows the writer, for a database opened beside it.
    pub(crate) fn catch_up(&self) -> Result<(), StoreError> {
        self.inner.try_catch_up_with_primary().map_err(|error| self.failed("catch up with the writer", &error))
    }

    /// Writes a batch, wholly or not at all; it is on disk when this returns.
    pub(crate) fn write(&self, batch: Batch) -> Result<(), StoreError> {
        self.write_with(batch, stage::syncs())
    }

    /// The same; it is on disk after [`Db::sync`].
    pub(crate) fn write_unsynced(&self, batch: Batch) -> Result<(), StoreError> {
        self.write_with(batch, false)
    }

    /// Syncs what was written.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        if stage::syncs() { self.flush() } else { Ok(()) }
    }

    fn write_with(&self, batch: Batch, is_synced: bool) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(is_synced);
        self.inner.write_opt(batch.sorted(self)?, &options).map_err(|error| self.failed("write to the log", &error))
    }

    /// How often RocksDB synced its write-ahead log since it was opened; `None` where nobody observes.
    pub(crate) fn synced(&self) -> Option<u64> {
        self.counted.as_ref().map(|Counted(options)| options.get_ticker_count(Ticker::WalFileSynced))
    }

    /// Syncs the write-ahead log.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush_wal(true).map_err(|error| self.failed("flush the log", &error))
    }

    /// Makes a copy of the database as it is now, while it is written to: tables by hard links, the write-ahead log by its
    /// bytes. Nothing is flushed for it: the log has at most [`options::WAL_BYTES_MAX`], and is recovered when the copy is
    /// opened. The directory is made.
    pub(crate) fn checkpoint(&self, path: &Path) -> Result<(), StoreError> {
        let made = Checkpoint::new(&self.inner)
            .and_then(|checkpoint| checkpoint.create_checkpoint_with_log_size(path, u64::MAX));
        made.map_err(|error| self.failed("make a checkpoint", &error))
    }

    /// The state of now, for as long as the value lives.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot { db: self, inner: self.inner.snapshot() }
    }

    /// Many keys of one family at once, and what `look` makes of the values that are there.
    fn look_up<T>(
        &self,
        family: Family,
        keys: &[Vec<u8>],
        options: &ReadOptions,
        look: impl Fn(&[u8]) -> T,
    ) -> Result<Vec<Option<T>>, StoreError> {
        let found = self.inner.batched_multi_get_cf_opt(self.handle(family)?, keys.iter(), keys.is_sorted(), options);
        let look = |value: Result<Option<DBPinnableSlice<'_>>, _>| {
            let value = value.map_err(|error| self.failed("look up entries", &error))?;
            Ok(value.map(|value| look(&value)))
        };
        found.into_iter().map(look).collect()
    }

    /// Which of many keys of one family are there.
    pub(crate) fn has_many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<bool>, StoreError> {
        let found = self.look_up(family, keys, &ReadOptions::default(), |_| ())?;
        Ok(found.into_iter().map(|found| found.is_some()).collect())
    }

    fn failed(&self, context: &'static str, error: &rocksdb::Error) -> StoreError {
        failed(context, error, self.inner.path())
    }

    fn handle(&self, family: Family) -> Result<&rocksdb::ColumnFamily, StoreError> {
        self.inner
            .cf_handle(family.name())
            .ok_or_else(|| StoreError::Damaged { family: family.name(), what: "the family is missing".to_owned() })
    }

    fn iterate<'a>(
        &'a self,
        family: Family,
        mut options: ReadOptions,
        from: &[u8],
        end: &[u8],
        direction: Direction,
    ) -> Result<Entries<'a>, StoreError> {
        options.set_iterate_lower_bound(from);
        if !end.is_empty() {
            options.set_iterate_upper_bound(end);
        }
        let mode = match direction {
            Direction::Forward => IteratorMode::Start,
            Direction::Reverse => IteratorMode::End,
        };
        Ok(Entries { db: self, inner: self.inner.iterator_cf_opt(self.handle(family)?, options, mode) })
    }
}

impl Read for Db {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get_cf(self.handle(family)?, key).map_err(|error| self.failed("read an entry", &error))
    }

    fn get_many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.look_up(family, keys, &ReadOptions::default(), <[u8]>::to_vec)
    }

    fn ascend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.iterate(family, ReadOptions::default(), from, end, Direction::Forward)
    }

    fn descend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.iterate(family, ReadOptions::default(), from, end, Direction::Reverse)
    }
}

/// The database as it was at one moment.
pub(crate) struct Snapshot<'a> {
    db: &'a Db,
    inner: SnapshotWithThreadMode<'a, DB>,
}

impl Snapshot<'_> {
    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.inner);
        options
    }
}

impl Read for Snapshot<'_> {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let handle = self.db.handle(family)?;
        self.db.inner.get_cf_opt(handle, key, &self.options()).map_err(|error| self.db.failed("read an entry", &error))
    }

    fn get_many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.db.look_up(family, keys, &self.options(), <[u8]>::to_vec)
    }

    fn ascend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.db.iterate(family, self.options(), from, end, Direction::Forward)
    }

    fn descend(&self, family: Family, from: &[u8], end: &[u8]) -> Result<Entries<'_>, StoreError> {
        self.db.iterate(family, self.options(), from, end, Direction::Reverse)
    }
}
