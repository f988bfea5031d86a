//! Replay: how fast an audit of a full log is, with and without the signatures.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use dmpc::v1;
use dmpc_node::clock::SystemRandom;
use dmpc_storage::replay::{Options, replay};

use crate::{
    bench::{Bench, short},
    figures::{Figure, Goal, Sample, Unit},
    limits::Limit,
    progress::{Progress, say},
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "replay";
/// How often it is done.
const RUNS: usize = 3;
const GOAL: Goal = Goal::AtLeast(400_000.0);
const OF_VERIFICATION: Goal = Goal::AtLeast(0.7);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let mut node = bench.filled()?;
    let info = bench.runtime.block_on(node.info())?;
    node.stop()?;
    let verification = bench.limit(Limit::VerifyBy512)?;
    let log = short(bench.settings.operations);
    for (name, duties) in [
        ("without signatures", (false, false)),
        ("with signatures", (true, false)),
        ("with signatures and all families", (true, true)),
    ] {
        say(&format!("replay: {name}"));
        let once = |_| replayed(&node.store(), duties, &info);
        let rates = (0..RUNS).map(once).collect::<Result<Vec<_>>>()?;
        let figure = Figure::new(SECTION, format!("{name}, log of {log}"), Unit::PerSecond, Sample::of(&rates));
        let figure = match duties {
            (false, _) => figure.held_to(GOAL),
            (true, families) => {
                figure.beside("verification by 512", Some(verification), (!families).then_some(OF_VERIFICATION))
            }
        };
        bench.report.add(figure);
    }
    node.start()?;
    bench.keep(node);
    Ok(())
}

/// Operations a second; the audit must find nothing, and the state of the node.
fn replayed(store: &Path, (signatures, families): (bool, bool), info: &v1::NodeInfoResponse) -> Result<f64> {
    let scratch = tempfile::tempdir()?;
    let options = Options { signatures, families, ..Options::default() };
    let progress = Progress::of("replayed", usize::try_from(info.operations)?);
    let began = Instant::now();
    let report = replay(store, scratch.path(), options, &mut SystemRandom::new(), |done, _| {
        progress.at(usize::try_from(done).unwrap_or(usize::MAX));
    })?;
    let took = began.elapsed().as_secs_f64();
    ensure!(report.agrees(), "{:?}", report.faults);
    ensure!(report.state_digest.as_slice() == info.state_digest, "the audit's state is not that of the node");
    Ok(report.operations as f64 / took)
}
