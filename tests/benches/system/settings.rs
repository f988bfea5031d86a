//! What is measured, and how much of it: decided by the environment.

use std::{collections::BTreeSet, env, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::sections::SECTIONS;

/// Messages of the largest log, unless `BENCH_OPERATIONS` says another number.
const OPERATIONS: usize = 1_000_000;
/// Logs that are measured: these, as far as they are not larger than the largest.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Channels of a log that has many.
const CHANNELS: usize = 1_000;
/// Subscribers of one channel.
const SUBSCRIBERS: [usize; 3] = [1, 100, 1_000];
/// Operations at which everything has its full size.
const FULL: usize = 100_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Messages of the largest log.
    pub(crate) operations: usize,
    /// The sections that run, in the order of [`SECTIONS`].
    pub(crate) sections: Vec<&'static str>,
    /// Where the report goes, and below which everything is written.
    pub(crate) target: PathBuf,
}

impl Settings {
    /// `BENCH_OPERATIONS`, `BENCH_ONLY` (names of sections with commas between them) and `CARGO_TARGET_DIR`.
    pub(crate) fn of_environment() -> Result<Self> {
        let operations = match env::var("BENCH_OPERATIONS") {
            Ok(text) => text.parse().context("BENCH_OPERATIONS is a number of operations")?,
            Err(_) => OPERATIONS,
        };
        if operations < 64 {
            bail!("BENCH_OPERATIONS is at least 64");
        }
        let only = env::var("BENCH_ONLY").unwrap_or_default();
        let only: BTreeSet<&str> = only.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let names: Vec<&'static str> = SECTIONS.iter().map(|section| section.name).collect();
        if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
            bail!("BENCH_ONLY: there is no section '{unknown}'; there are {}", names.join(", "));
        }
        let sections = names.into_iter().filter(|name| only.is_empty() || only.contains(name)).collect();
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from);
        Ok(Self { operations, sections, target })
    }

    /// Sizes of logs, ascending; the last one is the largest log.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let smaller = SIZES.into_iter().filter(|size| *size < self.operations);
        smaller.chain([self.operations]).collect()
    }

    /// Channels of a log that has many.
    pub(crate) fn channels(&self) -> usize {
        self.part_of(CHANNELS).max(2)
    }

    /// Numbers of subscribers.
    pub(crate) fn subscribers(&self) -> Vec<usize> {
        SUBSCRIBERS.into_iter().filter(|count| *count == 1 || *count <= self.part_of(SUBSCRIBERS[2])).collect()
    }

    /// This number in a run of full size, and less in a smaller one.
    pub(crate) fn part_of(&self, full: usize) -> usize {
        (full * self.operations.min(FULL) / FULL).max(1)
    }
}
