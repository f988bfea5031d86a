use rocksdb::*;
use rocksdb::perf::*;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
fn now() -> Duration { Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap() }
fn key(i: u64) -> Vec<u8> {
    let mut k = vec![0,0,0,1];
    k.extend(((1_704_067_200_000u64 + 10*i) << 16).to_be_bytes());
    k.extend(blake3::hash(&i.to_be_bytes()).as_bytes());
    k
}
fn main() {
    let variants: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    for v in &variants {
        let mut row = format!("{v:<34}");
        let mut rows = vec![];
        for n in [10_000u64, 100_000, 1_000_000] {
            let (ns, desc) = run(v, n);
            row += &format!("{ns:>9.0}");
            rows.push((ns, desc));
        }
        println!("{row}   ratio {:.2}  {}", rows[2].0 / rows[0].0, rows[2].1);
    }
}
fn run(v: &str, n: u64) -> (f64, String) {
    let has = |f: &str| v.split('+').any(|p| p == f);
    let num = |f: &str| v.split('+').find_map(|p| p.strip_prefix(f).and_then(|x| x.parse::<usize>().ok()));
    let dir = tempfile::tempdir().unwrap();
    let cache = if has("hyper") { Cache::new_hyper_clock_cache(128 << 20, 0) } else {
        let mut o = LruCacheOptions::default(); o.set_capacity(128 << 20); o.set_num_shard_bits(2); Cache::new_lru_cache_opts(&o) };
    let mut t = BlockBasedOptions::default();
    t.set_block_cache(&cache);
    t.set_cache_index_and_filter_blocks(!has("heap"));
    t.set_pin_l0_filter_and_index_blocks_in_cache(true);
    if has("pin") { t.set_unpartitioned_pinning_tier(BlockBasedTablePinningTier::All); t.set_partition_pinning_tier(BlockBasedTablePinningTier::All); }
    if !has("flat") { t.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch); t.set_metadata_block_size(4096); t.set_pin_top_level_index_and_filter(true); }
    t.set_block_size(num("block").unwrap_or(4096));
    t.set_format_version(6);
    if let Some(r) = num("restart") { t.set_block_restart_interval(r as i32); }
    if has("hash") { t.set_data_block_index_type(DataBlockIndexType::BinaryAndHash); t.set_data_block_hash_ratio(0.75); }
    if !has("nofilter") { if has("ribbon") { t.set_ribbon_filter(10.0) } else { t.set_bloom_filter(10.0, false) }; if !has("flat") { t.set_partition_filters(true); } }
    let mut o = Options::default();
    o.create_if_missing(true); o.set_block_based_table_factory(&t); o.set_compression_type(DBCompressionType::None);
    o.set_write_buffer_size(6 << 20);
    if has("hits") { o.set_optimize_filters_for_hits(true); }
    o.set_max_background_jobs(2);
    let db = DB::open_cf_with_opts(&o, dir.path(), [("default", o.clone())]).unwrap();
    let mut w = WriteOptions::default(); w.disable_wal(true);
    let mut b = WriteBatch::default();
    for i in 0..n { b.put(key(i), [7u8; 10]); if i % 1000 == 999 { db.write_opt(std::mem::take(&mut b), &w).unwrap(); } }
    db.write_opt(b, &w).unwrap();
    db.flush().unwrap();
    if has("compact") { db.compact_range(None::<&[u8]>, None::<&[u8]>); }
    let cf = db.cf_handle("default").unwrap();
    let pool: Vec<u64> = (0..10_000.min(n)).map(|i| i * (n / 10_000.min(n))).collect();
    let mut x = 12345u64;
    let mut look = |rounds: usize| {
        let mut took = Duration::ZERO;
        for _ in 0..rounds {
            let mut keys: Vec<Vec<u8>> = (0..128).map(|_| { x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); key(pool[(x >> 33) as usize % pool.len()]) }).collect();
            keys.sort();
            let s = now();
            let found = if has("get") { keys.iter().map(|k| db.get_pinned_cf(cf, k).map(|v| v.is_some())).collect::<Vec<_>>() }
              else { db.batched_multi_get_cf_opt(cf, keys.iter(), true, &ReadOptions::default()).into_iter().map(|v| v.map(|v| v.is_some())).collect() };
            took += now() - s;
            assert!(found.into_iter().all(|f| f.unwrap()));
        }
        took.as_nanos() as f64 / (rounds as f64 * 128.0)
    };
    look(600);
    set_perf_stats(PerfStatsLevel::EnableCount);
    let mut c = PerfContext::default(); c.reset();
    look(100);
    let m = |k| c.metric(k) as f64 / 12800.0;
    let desc = format!("cached {:.2} read {:.2} cmp {:.1} bloom {:.2}/{:.2} files {}", m(PerfMetric::BlockCacheHitCount), m(PerfMetric::BlockReadCount), m(PerfMetric::UserKeyComparisonCount), m(PerfMetric::BloomSstHitCount), m(PerfMetric::BloomSstMissCount), db.live_files().unwrap().len());
    set_perf_stats(PerfStatsLevel::Disable);
    let mut r: Vec<f64> = (0..7).map(|_| look(100)).collect();
    r.sort_by(f64::total_cmp);
    (r[3], desc)
}
