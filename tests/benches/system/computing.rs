//! What node and client compute: unlike time on the wall it hardly depends on who else uses the machine, and it says which
//! threads a figure is made of.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

use crate::{
    figures::{Figure, Sample, Unit},
    process::Node,
};

/// The section that these figures are printed in.
const SECTION: &str = "computing";

/// What both have computed until some moment, or between two.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    /// By the names of threads.
    node: BTreeMap<String, Duration>,
    client: Duration,
}

impl Computed {
    /// Until now.
    pub(crate) fn now(node: &Node) -> Result<Self> {
        Ok(Self { node: node.cpu()?, client: Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))? })
    }

    /// Since an earlier moment.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for (name, before) in &earlier.node {
            // A thread that ended meanwhile takes its time with it.
            self.node.entry(name.clone()).and_modify(|time| *time = time.saturating_sub(*before));
        }
        self.client = self.client.saturating_sub(earlier.client);
        self
    }

    /// What the threads of one name computed, or all of the node's.
    fn of(&self, thread: Option<&str>) -> Duration {
        match thread {
            Some(name) => self.node.get(name).copied().unwrap_or_default(),
            None => self.node.values().sum(),
        }
    }

    /// Figures of node and client for one thing of so many; `runs` did the same.
    pub(crate) fn figures(runs: &[Self], things: usize, name: &str) -> [Figure; 2] {
        let micros = Micros { things, name };
        [
            micros.figure("node", runs.iter().map(|run| run.of(None))),
            micros.figure("client", runs.iter().map(|run| run.client)),
        ]
    }

    /// Figures of those of the node's threads that computed something.
    pub(crate) fn by_thread(&self, things: usize, name: &str) -> Vec<Figure> {
        let micros = Micros { things, name };
        let busy = self.node.iter().filter(|(_, time)| !time.is_zero());
        busy.map(|(thread, time)| micros.figure(&format!("node, {thread}"), [*time])).collect()
    }
}

/// How a figure is called, and for how many things it was computed.
struct Micros<'a> {
    things: usize,
    name: &'a str,
}

impl Micros<'_> {
    fn figure(&self, who: &str, times: impl IntoIterator<Item = Duration>) -> Figure {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.things as f64;
        let sample = Sample::of(&times.into_iter().map(each).collect::<Vec<_>>());
        Figure::new(SECTION, format!("{who}: {}", self.name), Unit::MicrosecondsEach, sample)
    }
}
