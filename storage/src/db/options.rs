//! The options of RocksDB. Measured choices; docs/ARCHITECTURE.md, "Storage options", says what each is for.

use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options};

use crate::families::Family;

const MIB: usize = 1024 * 1024;
/// Bytes of write-ahead log before memtables are flushed.
pub(super) const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of all memtables together.
const MEMTABLE_BYTES_MAX: usize = 64 * MIB;
/// Bytes of the one block cache; it holds indexes and filters too.
const CACHE_BYTES: usize = 64 * MIB;
/// Bytes of a block.
const BLOCK_BYTES: usize = 16 * 1024;
/// Bytes of a block of the log: operations are read one at a time, and most that are read are in no cache.
const LOG_BLOCK_BYTES: usize = 4 * 1024;
/// Bits a key in the log's Bloom filter.
const BLOOM_BITS: f64 = 10.0;
/// Threads for flushes and compactions.
const BACKGROUND_JOBS: i32 = 2;
/// Files kept open.
const OPEN_FILES_MAX: i32 = 512;
/// Information logs kept.
const INFO_LOGS_KEPT: usize = 4;

/// Options of the database.
pub(super) fn database(create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);
    options.set_error_if_exists(create);
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_recycle_log_file_num(0);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_db_write_buffer_size(MEMTABLE_BYTES_MAX);
    options.set_max_background_jobs(BACKGROUND_JOBS);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_keep_log_file_num(INFO_LOGS_KEPT);
    options.set_paranoid_checks(true);
    options
}

/// Options of a database that looks beside the writer: all files stay open, as it requires.
pub(super) fn secondary() -> Options {
    let mut options = database(false);
    options.set_max_open_files(-1);
    options
}

/// Every family with its options; they share one cache.
pub(super) fn families() -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    Family::ALL.iter().map(|family| ColumnFamilyDescriptor::new(family.name(), of_family(*family, &cache))).collect()
}

fn of_family(family: Family, cache: &Cache) -> Options {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    tables.set_block_size(BLOCK_BYTES);
    tables.set_format_version(6);
    if family == Family::Log {
        tables.set_block_size(LOG_BLOCK_BYTES);
        tables.set_bloom_filter(BLOOM_BITS, false);
    }
    let mut options = Options::default();
    options.set_block_based_table_factory(&tables);
    options.set_compression_type(DBCompressionType::Lz4);
    options
}
