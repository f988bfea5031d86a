//! The least that a lookup costs: RocksDB with nothing but the records of so many messages, in the layout of their family,
//! asked for as many keys at a time as a batch has. What a duplicate costs in a node cannot grow by less than this does.

use dmpc::OpKey;
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, LruCacheOptions, Options, ReadOptions, WriteBatch, WriteOptions,
};

/// As `storage/src/db/options.rs` has it: bytes of the cache and of a block, parts of the cache, bits a key in a filter.
const CACHE_BYTES: usize = 128 << 20;
const CACHE_SHARD_BITS: i32 = 2;
const BLOCK_BYTES: usize = 4 << 10;
const BLOOM_BITS: f64 = 10.0;
/// Records of one write.
const FILL: usize = 1_024;
/// Keys that are asked for again and again, spread over all, as the house keeps duplicates.
const KEPT: usize = 10_000;

/// The records of a channel, and nothing else.
pub(crate) struct Bare {
    db: DB,
    kept: Vec<Vec<u8>>,
    _directory: tempfile::TempDir,
}

fn key(key: &OpKey) -> Vec<u8> {
    [&[0, 0, 0, 1], key.to_bytes().as_slice()].concat()
}

impl Bare {
    /// With a record for each of these keys; each of those that are asked for was read once.
    pub(crate) fn with_records(keys: &[OpKey]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut shared = LruCacheOptions::default();
        shared.set_capacity(CACHE_BYTES);
        shared.set_num_shard_bits(CACHE_SHARD_BITS);
        let mut tables = BlockBasedOptions::default();
        tables.set_block_cache(&Cache::new_lru_cache_opts(&shared));
        tables.set_cache_index_and_filter_blocks(true);
        tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
        tables.set_block_size(BLOCK_BYTES);
        tables.set_bloom_filter(BLOOM_BITS, false);
        tables.set_format_version(6);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_compression_type(DBCompressionType::None);
        options.set_block_based_table_factory(&tables);
        let db = DB::open_cf_with_opts(&options, directory.path(), [("default", options.clone())]).unwrap();
        let mut unlogged = WriteOptions::default();
        unlogged.disable_wal(true);
        for records in keys.chunks(FILL) {
            let mut batch = WriteBatch::default();
            records.iter().for_each(|record| batch.put(key(record), [0_u8; 10]));
            db.write_opt(batch, &unlogged).unwrap();
        }
        db.flush().unwrap();
        let kept = keys.iter().step_by(keys.len().div_ceil(KEPT)).map(key).collect();
        let bare = Self { db, kept, _directory: directory };
        bare.kept.chunks(FILL).for_each(|keys| bare.look_up(keys));
        bare
    }

    /// So many of the keys that are kept, where the numbers say, in the order of keys.
    pub(crate) fn some(&self, numbers: impl Iterator<Item = u64>, count: usize) -> Vec<Vec<u8>> {
        let kept = u64::try_from(self.kept.len()).unwrap();
        let place = |number: u64| usize::try_from(number % kept).unwrap();
        let mut keys: Vec<_> = numbers.take(count).map(|number| self.kept[place(number)].clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// Looks keys up, which are all there.
    pub(crate) fn look_up(&self, keys: &[Vec<u8>]) {
        let family = self.db.cf_handle("default").unwrap();
        let found = self.db.batched_multi_get_cf_opt(family, keys, true, &ReadOptions::default());
        assert!(found.into_iter().all(|found| found.unwrap().is_some()));
    }
}
