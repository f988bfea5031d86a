//! The sections of a run, each in a file of its own. A further one needs a file and a line in [`SECTIONS`]: it takes what it
//! wants from the [`Bench`] (a signed set, a fresh or a filled node, a limit) and adds its figures to the report.

mod copy;
mod fan_out;
mod ingest;
mod late;
mod latency;
mod replay;
mod start_up;

use anyhow::Result;

use crate::{bench::Bench, limits::Limit};

/// A part of the run that can be run alone.
pub(crate) struct Section {
    /// What `BENCH_ONLY` calls it.
    pub(crate) name: &'static str,
    /// Measures, and adds figures to the report.
    pub(crate) run: fn(&mut Bench) -> Result<()>,
}

/// All of them, in the order in which they run.
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: crate::limits::SECTION, run: limits },
    Section { name: latency::SECTION, run: latency::run },
    Section { name: fan_out::SECTION, run: fan_out::run },
    Section { name: ingest::UNSEALED, run: ingest::unsealed },
    Section { name: ingest::SEALED, run: ingest::sealed },
    Section { name: late::SECTION, run: late::run },
    Section { name: start_up::SECTION, run: start_up::run },
    Section { name: copy::SECTION, run: copy::run },
    Section { name: replay::SECTION, run: replay::run },
];

fn limits(bench: &mut Bench) -> Result<()> {
    Limit::ALL.into_iter().try_for_each(|limit| bench.limit(limit).map(drop))
}
