//! The options of RocksDB. Measured choices: docs/PERFORMANCE.md, "Storage options"; docs/ARCHITECTURE.md says
//! what each is for.

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode,
    LruCacheOptions, Options,
};

use crate::families::Family;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Bytes of write-ahead log before memtables are flushed.
pub(super) const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of all memtables together.
const MEMTABLE_BYTES_MAX: usize = 64 * MIB;
/// Bytes of the one block cache; it holds indexes and filters too.
const CACHE_BYTES: usize = 128 * MIB;
/// Parts of the cache, as a power of two: few, so that none is small beside what is put into it.
const CACHE_SHARD_BITS: i32 = 2;
/// Bytes of a part of an index or filter. A lookup reads one of each, however large the table is.
const PARTITION_BYTES: usize = 4 * KIB;
/// Bits a key in a Bloom filter.
const BLOOM_BITS: f64 = 10.0;
/// Threads for flushes and compactions.
const BACKGROUND_JOBS: i32 = 2;
/// Files kept open.
const OPEN_FILES_MAX: i32 = 512;
/// Threads that open tables, of each family, where all stay open. RocksDB starts as many even where there is nothing to open.
const OPENING_THREADS: i32 = 4;
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
    // The few tables that are opened at the start are opened without threads: 16 of each family cost more than they save.
    options.set_max_file_opening_threads(1);
    options.set_keep_log_file_num(INFO_LOGS_KEPT);
    options.set_paranoid_checks(true);
    options
}

/// Options of a database that looks beside the writer: all files stay open, as it requires.
pub(super) fn secondary() -> Options {
    let mut options = database(false);
    options.set_max_open_files(-1);
    options.set_max_file_opening_threads(OPENING_THREADS);
    options
}

/// Every family with its options; they share one cache.
pub(super) fn families() -> Vec<ColumnFamilyDescriptor> {
    let mut shared = LruCacheOptions::default();
    shared.set_capacity(CACHE_BYTES);
    shared.set_num_shard_bits(CACHE_SHARD_BITS);
    let cache = Cache::new_lru_cache_opts(&shared);
    Family::ALL.iter().map(|family| ColumnFamilyDescriptor::new(family.name(), of_family(*family, &cache))).collect()
}

/// How a family is kept in tables.
struct Layout {
    block_bytes: usize,
    compression: DBCompressionType,
    /// Whether it is looked up for every operation that comes in, by keys that mostly are not there: then tables have a filter,
    /// and index and filter are in one piece, each of which costs a look into the cache.
    is_looked_up: bool,
}

const fn layout(family: Family) -> Layout {
    match family {
        // Ids and headers repeat from one operation to the next.
        Family::Log => Layout { block_bytes: 4 * KIB, compression: DBCompressionType::Lz4, is_looked_up: false },
        // Looked up for every operation that comes in; hashes do not compress.
        Family::Messages | Family::Controls => {
            Layout { block_bytes: 4 * KIB, compression: DBCompressionType::None, is_looked_up: true }
        }
        Family::Ids => Layout { block_bytes: 4 * KIB, compression: DBCompressionType::None, is_looked_up: true },
        Family::Arrival
        | Family::ByUser
        | Family::Wraps
        | Family::Lanes
        | Family::Issues
        | Family::Users
        | Family::Keys
        | Family::Channels
        | Family::Members
        | Family::Ranks
        | Family::Feed
        | Family::Waiting
        | Family::Charges
        | Family::Work
        | Family::Meta => Layout { block_bytes: 16 * KIB, compression: DBCompressionType::Lz4, is_looked_up: false },
    }
}

fn of_family(family: Family, cache: &Cache) -> Options {
    let layout = layout(family);
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    tables.set_block_size(layout.block_bytes);
    tables.set_format_version(6);
    if layout.is_looked_up {
        tables.set_bloom_filter(BLOOM_BITS, false);
    } else {
        tables.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
        tables.set_metadata_block_size(PARTITION_BYTES);
        tables.set_pin_top_level_index_and_filter(true);
    }
    let mut options = Options::default();
    options.set_block_based_table_factory(&tables);
    options.set_compression_type(layout.compression);
    options
}
