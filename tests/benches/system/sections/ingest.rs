//! Ingest: how many operations a second a node takes over each front end, with its client on the same machine.

use anyhow::Result;

use crate::{
    bench::{Bench, CONNECTIONS, name_of},
    clients::{Pushed, Via},
    computing::Computed,
    figures::{Figure, Goal, Sample, Unit},
    frames::Lines,
    limits::Limit,
    people::Kind,
    progress::say,
};

/// What `BENCH_ONLY` calls it: with transactions that are not sealed, and with those that are.
pub(super) const UNSEALED: &str = "ingest";
pub(super) const SEALED: &str = "sealed";
/// Messages up to which a run is short, and done again: so often.
const SHORT: usize = 10_000;
const SHORT_RUNS: usize = 5;
/// What unsealed operations are to come to, and of the floor; sealed ones of opening and verification alone.
const GOAL: Goal = Goal::AtLeast(40_000.0);
const OF_THE_FLOOR: Goal = Goal::AtLeast(0.6);
const OF_OPENING: Goal = Goal::AtLeast(0.6);
/// What the largest log is to come to, of the smallest.
const OF_THE_SMALLEST: Goal = Goal::AtLeast(0.9);

/// Each log is filled anew on a fresh node; the rate is that of all its messages.
pub(super) fn unsealed(bench: &mut Bench) -> Result<()> {
    run(bench, false)
}

/// The same, each transaction sealed to the node.
pub(super) fn sealed(bench: &mut Bench) -> Result<()> {
    run(bench, true)
}

fn run(bench: &mut Bench, sealed: bool) -> Result<()> {
    for kind in [Kind::OneChannel, Kind::ManyChannels] {
        for size in bench.settings.sizes() {
            measure(bench, kind, sealed, size)?;
        }
    }
    Ok(())
}

fn measure(bench: &mut Bench, kind: Kind, sealed: bool, size: usize) -> Result<()> {
    let section = if sealed { SEALED } else { UNSEALED };
    let set = bench.set(kind)?;
    let recipient = bench.people.node.encryption.encryption_key()?;
    let lines = Lines::new(set.messages.get(..size).unwrap_or_default(), CONNECTIONS, sealed.then_some(recipient))?;
    let floor = bench.floor(kind, sealed, &lines)?;
    for via in Via::ALL {
        let channels = kind.words(bench.channels(kind));
        let name = format!("{}, {}", via.word(), name_of(channels.clone(), sealed, size));
        say(&format!("ingest: {name}"));
        let runs = if size <= SHORT { bench.settings.part_of(SHORT_RUNS) } else { 1 };
        let mut pushed = Vec::with_capacity(runs);
        for _ in 0..runs {
            let node = bench.new_node(kind)?;
            pushed.push(bench.push(&node, via, &lines)?);
            bench.require_state(&node, &floor.state_digest)?;
            let is_wanted = (kind, sealed, via) == (Kind::OneChannel, false, Via::Grpc);
            if is_wanted && size == bench.settings.operations {
                bench.keep(node);
            }
        }
        let smallest = bench.settings.sizes().first().copied().unwrap_or(size);
        let smallest = format!("{}, {}", via.word(), name_of(channels, sealed, smallest));
        let before = bench.report.value(section, &smallest).filter(|_| smallest != name);
        let rates: Vec<f64> = pushed.iter().map(Pushed::rate).collect();
        let mut figure = Figure::new(section, name.clone(), Unit::PerSecond, Sample::of(&rates));
        if !sealed {
            figure = figure.held_to(GOAL);
        }
        figure = figure.beside("the floor", Some(floor.rate), (!sealed).then_some(OF_THE_FLOOR));
        figure = match sealed {
            true => figure.beside("opening, verification", Some(bench.limit(Limit::OpenAndVerify)?), Some(OF_OPENING)),
            false => figure.beside("verification by 512", Some(bench.limit(Limit::VerifyBy512)?), None),
        };
        let is_held = size == bench.settings.operations && !sealed && via == Via::Grpc;
        figure = figure.beside("the smallest log", before, is_held.then_some(OF_THE_SMALLEST));
        bench.report.add(figure);
        let computed: Vec<Computed> = pushed.into_iter().map(|pushed| pushed.computed).collect();
        Computed::figures(&computed, size, &name).into_iter().for_each(|figure| bench.report.add(figure));
        if let (true, [once]) = (size == bench.settings.operations, computed.as_slice()) {
            once.by_thread(size, &name).into_iter().for_each(|figure| bench.report.add(figure));
        }
    }
    Ok(())
}
