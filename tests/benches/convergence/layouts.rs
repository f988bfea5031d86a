//! How the families can be kept in tables, and what each way costs: `make bench-layouts`. The result, and what was chosen
//! from it, is in docs/PERFORMANCE.md, "Storage options".
//!
//! A store is filled as by a node. Its entries are written to tables once for each size of blocks and compression, and read
//! from there: a key at a time anywhere, once with nothing in the cache and once with everything, and runs of neighbours.

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dmpc::{VerifiedOperation, cursor::Generation};
use dmpc_storage::{Limits, Outcome, Source, Store, Submission, Writer};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Env, IteratorMode,
    Options, SstFileWriter,
};

use crate::{
    blocks, cpu,
    house::{BATCH, House},
};

/// The largest of the families in which each operation has an entry.
const FAMILIES: [&str; 4] = ["log", "arrival", "lanes", "messages"];
const BLOCK_KIB: [usize; 2] = [4, 16];
const COMPRESSIONS: [(&str, DBCompressionType); 3] =
    [("none", DBCompressionType::None), ("lz4", DBCompressionType::Lz4), ("zstd", DBCompressionType::Zstd)];
/// Keys that are read, and runs of neighbours.
const READS: usize = 2_000;
const RUNS: usize = 200;
const RUN: usize = 32;
/// Bytes of a table, and of a cache that holds all that is read.
const TABLE_BYTES: u64 = 64 << 20;
const CACHE_BYTES: usize = 1 << 30;
/// Messages of a page.
const PAGE: usize = 256;
/// The store that a process of its own is to open.
const OPEN: &str = "DMPC_BENCH_OPEN";

type Entry = (Box<[u8]>, Box<[u8]>);

/// Whether this process has nothing to do but to open a store; then it did.
pub(crate) fn opened() -> bool {
    let Some(path) = env::var_os(OPEN) else { return false };
    let (start, before) = (Instant::now(), cpu::of_process());
    let (mut writer, reader) =
        Store::open(Path::new(&path), Limits::default(), Generation::from_bytes([2; 16])).unwrap();
    let (opened, computed) = (start.elapsed(), cpu::of_process() - before);
    println!("  open: {opened:.2?}, {computed:.2?} of computing, {} MiB", resident_mib());
    let channel = reader.channels(&[], 1, None).unwrap().items[0].id;
    let (start, mut cursor, mut read, mut some) = (cpu::now(), Bytes::new(), 0, Vec::new());
    loop {
        let page = reader.messages(&channel, &cursor, PAGE, false).unwrap();
        read += page.items.len();
        some.extend(page.items.iter().step_by(PAGE / 2).map(|message| message.operation.clone()));
        let Some(next) = page.cursor else { break };
        cursor = next;
    }
    println!("  every page of {read} messages: {:.2?} of computing, {} MiB at most", cpu::now() - start, peak_mib());
    offer_again(&mut writer, &some);
    writer.close().unwrap();
    true
}

/// Offers what is logged, each operation far from the one before.
fn offer_again(writer: &mut Writer, logged: &[Bytes]) {
    for round in ["the first time", "the second time"] {
        let mut took = Duration::ZERO;
        blocks::take();
        for number in 0..logged.len() / BATCH {
            let place = |within: usize| (number * BATCH + within) * 7_919 % logged.len();
            let operations =
                (0..BATCH).map(|within| VerifiedOperation::from_log(logged[place(within)].clone()).unwrap());
            let batch: Vec<_> = operations.map(|operation| Submission { operation, source: Source([1; 16]) }).collect();
            blocks::begin();
            let start = cpu::now();
            let outcomes = writer.commit(&batch, u64::MAX / 2).unwrap();
            took += cpu::now() - start;
            blocks::end();
            assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Duplicate));
        }
        let (count, reads) = (logged.len() / BATCH * BATCH, blocks::take());
        let (us, read, cached) =
            (each(took, count), reads.blocks as f64 / count as f64, reads.cached as f64 / count as f64);
        println!("  duplicates, {round}: {us:.2} us, {read:.2} blocks read, {cached:.2} in the cache");
    }
}

/// Measures with so many messages.
pub(crate) fn measure(size: u64) {
    let house = House::with_messages(size);
    let operation_bytes = house.operation_bytes();
    let (directory, path) = house.leave();
    let per_byte = |bytes: u64| bytes as f64 / operation_bytes as f64;
    println!("{size} messages, {} bytes each", operation_bytes / size);
    println!("as it was left: {:.3} bytes on disk for each byte", per_byte(bytes_in(&path)));
    open(&path);
    compact(&path.join("db"));
    println!("compacted: {:.3} bytes on disk for each byte", per_byte(bytes_in(&path)));
    open(&path);
    println!(
        "\n{:<10}{:>6}{:>7}{:>14}{:>10}{:>12}{:>12}{:>14}",
        "family", "KiB", "", "bytes each", "write us", "cold get us", "warm get us", "cold run us"
    );
    for family in FAMILIES {
        let entries = entries(&path.join("db"), family);
        for block in BLOCK_KIB {
            for (name, compression) in COMPRESSIONS {
                let [bytes, write, cold, warm, run] = layout(directory.path(), &entries, block << 10, compression);
                println!(
                    "{family:<10}{block:>6}{name:>7}{bytes:>14.1}{write:>10.2}{cold:>12.2}{warm:>12.2}{run:>14.2}"
                );
            }
        }
    }
}

/// Opens the store in a process of its own, so that nothing else is in its memory.
fn open(path: &Path) {
    let mut child = Command::new(env::current_exe().unwrap());
    assert!(child.env(OPEN, path).status().unwrap().success());
}

/// Compacts every family with the options that it has.
fn compact(path: &Path) {
    let (options, families) = options(path);
    let db = DB::open_cf_descriptors(&options, path, families).unwrap();
    for family in DB::list_cf(&options, path).unwrap() {
        db.compact_range_cf(db.cf_handle(&family).unwrap(), None::<&[u8]>, None::<&[u8]>);
    }
}

fn options(path: &Path) -> (Options, Vec<ColumnFamilyDescriptor>) {
    let cache = Cache::new_lru_cache(TABLE_BYTES.try_into().unwrap());
    Options::load_latest(path, Env::new().unwrap(), true, cache).unwrap()
}

fn entries(path: &Path, family: &str) -> Vec<Entry> {
    let (options, families) = options(path);
    let db = DB::open_cf_descriptors_read_only(&options, path, families, false).unwrap();
    let entries = db.iterator_cf(db.cf_handle(family).unwrap(), IteratorMode::Start);
    entries.map(|entry| entry.unwrap()).collect()
}

/// Bytes of an entry in tables, and microseconds to write one, to read one for the first time and again, and to read each of
/// a run of neighbours for the first time.
fn layout(directory: &Path, entries: &[Entry], block: usize, compression: DBCompressionType) -> [f64; 5] {
    let options = |cache: &Cache| {
        let mut tables = BlockBasedOptions::default();
        tables.set_block_size(block);
        tables.set_block_cache(cache);
        tables.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
        tables.set_cache_index_and_filter_blocks(true);
        tables.set_pin_top_level_index_and_filter(true);
        tables.set_format_version(6);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_block_based_table_factory(&tables);
        options.set_compression_type(compression);
        options
    };
    let start = cpu::now();
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let (written, mut files, mut bytes) = (options(&cache), Vec::new(), 0);
    let mut left = entries;
    while !left.is_empty() {
        let file = directory.join(format!("table-{}", files.len()));
        let mut writer = SstFileWriter::create(&written);
        writer.open(&file).unwrap();
        let mut count = 0;
        while let Some((key, value)) = left.get(count).filter(|_| writer.file_size() < TABLE_BYTES) {
            writer.put(key, value).unwrap();
            count += 1;
        }
        writer.finish().unwrap();
        bytes += fs::metadata(&file).unwrap().len();
        files.push(file);
        left = &left[count..];
    }
    let write = cpu::now() - start;
    let path = directory.join("tables");
    let db = DB::open(&written, &path).unwrap();
    db.ingest_external_file(files.clone()).unwrap();
    // Far apart, and in no order.
    let place = |number: usize| number * 7_919 % READS * (entries.len() / READS);
    let gets = || {
        let start = cpu::now();
        (0..READS).for_each(|number| assert!(db.get_pinned(&entries[place(number)].0).unwrap().is_some()));
        each(cpu::now() - start, READS)
    };
    let (cold, warm) = (gets(), gets());
    drop(db);
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let db = DB::open_cf(&options(&cache), &path, ["default"]).unwrap();
    let family = db.cf_handle("default").unwrap();
    let start = cpu::now();
    for number in 0..RUNS {
        let from = place(number).min(entries.len() - RUN);
        let keys = entries[from..from + RUN].iter().map(|(key, _)| key);
        assert!(db.batched_multi_get_cf(family, keys, true).into_iter().all(|found| found.unwrap().is_some()));
    }
    let run = each(cpu::now() - start, RUNS * RUN);
    drop(db);
    fs::remove_dir_all(&path).unwrap();
    files.iter().filter(|file| file.exists()).for_each(|file| fs::remove_file(file).unwrap());
    [bytes as f64 / entries.len() as f64, each(write, entries.len()), cold, warm, run]
}

fn each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

fn bytes_in(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| if entry.path().is_dir() { bytes_in(&entry.path()) } else { entry.metadata().unwrap().len() })
        .sum()
}

fn resident_mib() -> u64 {
    status_mib("VmRSS:")
}

fn peak_mib() -> u64 {
    status_mib("VmHWM:")
}

fn status_mib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
