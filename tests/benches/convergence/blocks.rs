//! Blocks that RocksDB reads from its tables while something is measured: what the operation costs the disk, and why its
//! time grows where the tables are larger than the block cache.

use std::cell::{Cell, RefCell};

use rocksdb::perf::{PerfContext, PerfMetric, PerfStatsLevel, set_perf_stats};

/// What was read, in so many runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reads {
    /// Runs that were measured or warmed up.
    pub(crate) runs: u64,
    /// Blocks that were not in the cache.
    pub(crate) blocks: u64,
    /// Their bytes in the tables.
    pub(crate) bytes: u64,
    /// Blocks that were.
    pub(crate) cached: u64,
}

thread_local! {
    static CONTEXT: RefCell<PerfContext> = RefCell::new({
        set_perf_stats(PerfStatsLevel::EnableCount);
        PerfContext::default()
    });
    static READS: Cell<Reads> = const { Cell::new(Reads { runs: 0, blocks: 0, bytes: 0, cached: 0 }) };
}

/// A run begins.
pub(crate) fn begin() {
    CONTEXT.with_borrow_mut(PerfContext::reset);
}

/// A run ended.
pub(crate) fn end() {
    CONTEXT.with_borrow(|context| {
        let before = READS.get();
        READS.set(Reads {
            runs: before.runs + 1,
            blocks: before.blocks + context.metric(PerfMetric::BlockReadCount),
            bytes: before.bytes + context.metric(PerfMetric::BlockReadByte),
            cached: before.cached + context.metric(PerfMetric::BlockCacheHitCount),
        });
    });
}

/// What all runs read since this was asked last.
pub(crate) fn take() -> Reads {
    READS.take()
}
