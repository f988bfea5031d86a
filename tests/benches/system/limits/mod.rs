//! What the machine can do at most: each limit is measured when a section first asks for it, so that a section alone has its own.

mod disk;
mod floor;
mod verification;

pub(crate) use floor::{Floor, floor};

use std::collections::BTreeMap;

use anyhow::Result;

use crate::{
    bench::Bench,
    figures::{Figure, Sample, Unit, percentile},
    people::Kind,
};

/// The section that limits are printed in.
pub(crate) const SECTION: &str = "limits";
/// Operations that a limit is measured with.
const OPERATIONS: usize = 50_000;
/// Operations that are sealed and opened.
const SEALED: usize = 10_000;
/// Times that a file is appended to and synced.
const APPENDS: usize = 1_000;
/// How often a limit is measured.
const RUNS: usize = 3;

/// A limit of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    /// Signatures verified in batches of 64, on all cores.
    VerifyBy64,
    /// The same in batches of 512, which is what a node verifies at most.
    VerifyBy512,
    /// Transactions opened with the node's key, their operations decoded and verified in batches of 512.
    OpenAndVerify,
    /// The operations' bytes written to RocksDB, 1,024 in a batch, each batch synced.
    RocksDb,
    /// Appending an operation's bytes to a file and syncing it: half take no longer.
    SyncMedian,
    /// The same: 99 of 100 take no longer.
    SyncHigh,
}

impl Limit {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::VerifyBy64, Self::VerifyBy512, Self::OpenAndVerify, Self::RocksDb, Self::SyncMedian, Self::SyncHigh];

    /// What it is called in table and report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::VerifyBy64 => "verification, batches of 64, all cores",
            Self::VerifyBy512 => "verification, batches of 512, all cores",
            Self::OpenAndVerify => "age opening and verification, all cores",
            Self::RocksDb => "RocksDB, synced batches of 1,024",
            Self::SyncMedian => "file append and fsync, p50",
            Self::SyncHigh => "file append and fsync, p99",
        }
    }

    const fn unit(self) -> Unit {
        match self {
            Self::VerifyBy64 | Self::VerifyBy512 | Self::OpenAndVerify | Self::RocksDb => Unit::PerSecond,
            Self::SyncMedian | Self::SyncHigh => Unit::Milliseconds,
        }
    }
}

/// Measures one, and what is measured with it.
pub(crate) fn measure(bench: &mut Bench, limit: Limit) -> Result<Vec<Figure>> {
    let set = bench.set(Kind::OneChannel)?;
    let first = |count: usize| set.messages.get(..count.min(set.messages.len())).unwrap_or_default();
    let once = || match limit {
        Limit::VerifyBy64 => Ok(vec![(limit, verification::verified(first(OPERATIONS), 64)?)]),
        Limit::VerifyBy512 => Ok(vec![(limit, verification::verified(first(OPERATIONS), 512)?)]),
        Limit::OpenAndVerify => Ok(vec![(limit, verification::opened(first(SEALED), &bench.people.node.encryption)?)]),
        Limit::RocksDb => Ok(vec![(limit, disk::rocks(first(OPERATIONS), bench.scratch.path())?)]),
        Limit::SyncMedian | Limit::SyncHigh => {
            let times = disk::synced(first(bench.settings.part_of(APPENDS)), bench.scratch.path())?;
            Ok::<_, anyhow::Error>(vec![
                (Limit::SyncMedian, percentile(&times, 0.5)),
                (Limit::SyncHigh, percentile(&times, 0.99)),
            ])
        }
    };
    // The first run warms up.
    once()?;
    let runs = (0..RUNS).map(|_| once()).collect::<Result<Vec<_>>>()?;
    let mut values: BTreeMap<Limit, Vec<f64>> = BTreeMap::new();
    for (limit, value) in runs.into_iter().flatten() {
        values.entry(limit).or_default().push(value);
    }
    let figure =
        |(limit, values): (Limit, Vec<f64>)| Figure::new(SECTION, limit.name(), limit.unit(), Sample::of(&values));
    Ok(values.into_iter().map(figure).collect())
}
