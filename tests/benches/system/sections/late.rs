//! Late operations: messages that belong at random places of a full log, beside messages that belong at its end.

use anyhow::Result;
use bytes::Bytes;
use rand_core::{OsRng, RngCore};

use crate::{
    bench::{Bench, CONNECTIONS, short},
    clients::{Pushed, Via},
    figures::{Figure, Sample, Unit},
    frames::Lines,
    people::{Kind, Pen, Set},
    progress::say,
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "late";
/// Messages of a run, and how often it is done.
const MESSAGES: usize = 20_000;
const RUNS: usize = 3;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let node = bench.filled()?;
    let set = bench.set(Kind::OneChannel)?;
    let people = bench.people.clone();
    let count = bench.settings.part_of(MESSAGES);
    say("late: messages at random places of the log");
    let (mut in_order, mut late) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut pen = Pen::new(&people, &set.rooms[0]);
        let messages = (0..count).map(|_| pen.now()).collect::<Result<Vec<_>>>()?;
        in_order.push(bench.push(&node, Via::Grpc, &Lines::new(&messages, CONNECTIONS, None)?)?);
        let messages = scattered(&set, Pen::new(&people, &set.rooms[0]), count)?;
        late.push(bench.push(&node, Via::Grpc, &Lines::new(&messages, CONNECTIONS, None)?)?);
    }
    let log = short(bench.settings.operations);
    let rates = |pushed: &[Pushed]| Sample::of(&pushed.iter().map(Pushed::rate).collect::<Vec<_>>());
    let in_order = Figure::new(SECTION, format!("in order, log of {log}"), Unit::PerSecond, rates(&in_order));
    let beside = in_order.sample.median;
    let late = Figure::new(SECTION, format!("at random places, log of {log}"), Unit::PerSecond, rates(&late));
    bench.report.add(in_order);
    bench.report.add(late.beside("in order", Some(beside), None));
    bench.keep(node);
    Ok(())
}

/// Messages at random times of a set, in a random order.
fn scattered(set: &Set, mut pen: Pen<'_>, count: usize) -> Result<Vec<Bytes>> {
    let share = |place: usize| (place as f64 + 0.5) / count as f64;
    let mut messages = (0..count).map(|place| pen.at(set.time_within(share(place)))).collect::<Result<Vec<_>>>()?;
    for last in (1..messages.len()).rev() {
        let other = usize::try_from(OsRng.next_u64() % u64::try_from(last + 1)?)?;
        messages.swap(last, other);
    }
    Ok(messages)
}
