//! What an operation costs, with the size of the log as the axis: `make bench`. Prints a table and writes
//! `bench-convergence.json` into the target directory.
//!
//! Operations are signed before the clock runs and not verified: this is the cost of judging, projecting and committing.
//! Every commit is a batch that is synced to disk, as in a node under load. Figures are the time that the thread computes.

mod bare;
mod blocks;
mod cpu;
mod figures;
mod house;
mod layouts;

use std::{env, path::PathBuf, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode};

use crate::{
    bare::Bare,
    cpu::ThreadTime,
    figures::{Figures, SIZES},
    house::{BATCH, House, TOUCHED},
};

/// Messages of a page, and lookups of positions in one measurement.
const PAGE: usize = 256;
const LOOKUPS: usize = 256;
/// Duplicates with all that a node computes for them: decoded, verified and committed.
const FROM_BYTES: &str = "duplicate, from its bytes on";
/// The lookups of duplicates in RocksDB with nothing around it.
const ALONE: &str = "a duplicate's lookup alone";
/// Times that a change of the store is measured: few, so that the log keeps its size.
const CHANGES: usize = 20;
/// Times that duplicates are offered, which leave it as it is.
const REPEATED: usize = 200;

/// The sizes to measure: all, or those up to `DMPC_BENCH_OPERATIONS_MAX`.
fn sizes() -> impl Iterator<Item = u64> {
    let most = env::var("DMPC_BENCH_OPERATIONS_MAX").ok();
    let most = most.map_or(u64::MAX, |most| most.parse().expect("DMPC_BENCH_OPERATIONS_MAX is a number"));
    SIZES.into_iter().filter(move |size| *size <= most)
}

fn target() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from)
}

fn main() {
    if layouts::opened() {
        return;
    }
    if env::var_os("DMPC_BENCH_LAYOUTS").is_some() {
        return layouts::measure(sizes().last().expect("a size"));
    }
    let target = target();
    let mut figures = Figures::new(target.join("criterion"));
    for size in sizes() {
        let mut house = House::with_messages(size);
        let criterion = || {
            let criterion = Criterion::default().with_measurement(ThreadTime).configure_from_args();
            criterion.output_directory(&target.join("criterion")).without_plots()
        };
        changes(&mut criterion(), &mut house, size, &mut figures);
        alone(&mut criterion(), &house, size, &mut figures);
        reads(&mut criterion(), &house, size, &mut figures);
        figures.measured("backdated close, a message", size, house.close() / u32::try_from(size).unwrap());
    }
    for name in ["in-order message", "late message", "duplicate", FROM_BYTES, ALONE] {
        figures.read(name, BATCH);
    }
    for touched in TOUCHED {
        figures.read(&format!("permission change over {touched} messages"), 1);
    }
    figures.read("position", LOOKUPS);
    for name in ["page forward, a message", "page backward, a message"] {
        figures.read(name, PAGE);
    }
    figures.print();
    figures.write(&target.join("bench-convergence.json"));
}

/// What writes: each measurement is one commit.
fn changes(criterion: &mut Criterion<ThreadTime>, house: &mut House, size: u64, figures: &mut Figures) {
    // One iteration a sample.
    let (warm_up, measured) = (Duration::from_nanos(1), Duration::from_nanos(1));
    for name in ["in-order message", "late message", "duplicate"] {
        let times = if name == "duplicate" { REPEATED } else { CHANGES };
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).sample_size(times).warm_up_time(warm_up).measurement_time(measured);
        let batches: Vec<_> = (0..=2 * times)
            .map(|_| match name {
                "in-order message" => house.messages_in_order(BATCH),
                "late message" => house.late_messages(BATCH),
                _ => house.duplicates(BATCH),
            })
            .collect();
        let mut batches = batches.into_iter();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || batches.next().expect("more iterations than batches"),
                |batch| house.commit(&batch),
                BatchSize::PerIteration,
            );
        });
        group.finish();
        figures.counted(name, size, BATCH, blocks::take());
    }
    from_bytes(criterion, house, size, figures);
    for touched in TOUCHED {
        let mut group = criterion.benchmark_group(format!("permission change over {touched} messages"));
        group.sampling_mode(SamplingMode::Flat).sample_size(CHANGES).warm_up_time(warm_up).measurement_time(measured);
        let mut updates: Vec<_> = (0..=2 * CHANGES).map(|_| house.permission_change(touched)).collect();
        updates.reverse();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || updates.pop().expect("more iterations than updates"),
                |update| house.commit(&[update]),
                BatchSize::PerIteration,
            );
        });
        group.finish();
        figures.counted(&format!("permission change over {touched} messages"), size, 1, blocks::take());
    }
}

/// A batch of duplicates as it arrives.
fn from_bytes(criterion: &mut Criterion<ThreadTime>, house: &mut House, size: u64, figures: &mut Figures) {
    let nanosecond = Duration::from_nanos(1);
    let mut group = criterion.benchmark_group(FROM_BYTES);
    group.sampling_mode(SamplingMode::Flat).sample_size(CHANGES).warm_up_time(nanosecond).measurement_time(nanosecond);
    let mut batches = (0..=2 * CHANGES).map(|_| house.duplicates_as_bytes(BATCH)).collect::<Vec<_>>().into_iter();
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter_batched(
            || batches.next().expect("more iterations than batches"),
            |batch| house.take(batch),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    figures.counted(FROM_BYTES, size, BATCH, blocks::take());
}

/// The lookups of a batch of duplicates, and nothing around them.
fn alone(criterion: &mut Criterion<ThreadTime>, house: &House, size: u64, figures: &mut Figures) {
    let bare = Bare::with_records(house.keys());
    let mut numbers = house.random_numbers();
    let mut group = criterion.benchmark_group(ALONE);
    group.sample_size(CHANGES).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter_batched(
            || bare.some(numbers.by_ref(), BATCH),
            |keys| bare.look_up(&keys),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    figures.counted(ALONE, size, BATCH, blocks::take());
}

/// What reads.
fn reads(criterion: &mut Criterion<ThreadTime>, house: &House, size: u64, figures: &mut Figures) {
    let mut group = criterion.benchmark_group("position");
    group.sample_size(CHANGES).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let mut keys = house.random_keys();
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter_batched(
            || keys.by_ref().take(LOOKUPS).collect::<Vec<_>>(),
            |keys| keys.iter().map(|key| house.position(key)).sum::<u64>(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    figures.counted("position", size, LOOKUPS, blocks::take());
    for (name, backward) in [("page forward, a message", false), ("page backward, a message", true)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(CHANGES).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || house.page_start(&mut keys, PAGE, backward),
                |start| house.page(&start, PAGE, backward),
                BatchSize::PerIteration,
            );
        });
        group.finish();
        figures.counted(name, size, PAGE, blocks::take());
    }
}
