//! What node and client compute: unlike time on the wall it hardly depends on who else uses the machine.

use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

use crate::{
    figures::{Figure, Sample, Unit},
    process::Node,
};

/// The section that these figures are printed in.
const SECTION: &str = "computing";

/// What both have computed until some moment, or between two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computed {
    pub(crate) node: Duration,
    pub(crate) client: Duration,
}

impl Computed {
    /// Until now.
    pub(crate) fn now(node: &Node) -> Result<Self> {
        Ok(Self { node: node.cpu()?, client: Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))? })
    }

    /// Since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { node: self.node - earlier.node, client: self.client - earlier.client }
    }

    /// A figure of each, for one thing of so many; `runs` did the same.
    pub(crate) fn figures(runs: &[Self], things: usize, name: &str) -> [Figure; 2] {
        let figure = |who: &str, of: fn(&Self) -> Duration| {
            let micros = |run| of(run).as_secs_f64() * 1e6 / things as f64;
            let sample = Sample::of(&runs.iter().map(micros).collect::<Vec<_>>());
            Figure::new(SECTION, format!("{who}: {name}"), Unit::MicrosecondsEach, sample)
        };
        [figure("node", |run| run.node), figure("client", |run| run.client)]
    }
}
